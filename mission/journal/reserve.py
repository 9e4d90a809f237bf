"""Room on the journal's disk that is kept for the moment when there is none: the ends of agents
that are at work then are saved in it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SIZE = 1 << 20  # bytes: some dozens of ends


@dataclass(frozen=True, slots=True)
class Reserve:
    """A file that is there only to be removed."""

    path: Path

    @classmethod
    def beside(cls, journal: Path) -> Reserve:
        """The reserve of a journal."""
        return cls(journal.with_name(f"{journal.name}.reserve"))

    def fill(self) -> None:
        """Lay it in, where it is not there whole.

        Raises:
            OSError: The disk takes nothing.
        """
        with suppress(FileNotFoundError):
            if self.path.stat().st_size == _SIZE:
                return
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            left = _SIZE
            while left:  # not by `ftruncate`, which takes no room
                left -= os.write(file, bytes(min(left, 1 << 16)))
        except OSError:
            self.path.unlink(missing_ok=True)
            raise
        finally:
            os.close(file)

    def release(self) -> bool:
        """Give the room back; whether there was any."""
        try:
            self.path.unlink()
        except OSError:  # it was released before; or the disk takes nothing at all
            return False
        return True
