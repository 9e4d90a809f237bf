"""How many rows at once a person wants of the run that is under way: a file in the runner's state.

It counts for that run alone, which takes it away as it begins and as it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

MOST: Final = 1024  # as many as `max_parallel` may say
_LONGEST = 8  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotsFile:
    """That file of one mission."""

    path: Path

    @classmethod
    def of(cls, state_dir: Path) -> Self:
        """By the mission's folder of state."""
        return cls(path=state_dir / "slots")

    def read(self) -> int | None:
        """The number; None: nobody wants another one than the run began with."""
        try:
            return read_slots(self.path.read_bytes()[:_LONGEST].decode("ascii", "replace"))
        except OSError:
            return None

    def write(self, slots: int) -> None:
        """Want so many."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text(str(slots), encoding="ascii")
        fresh.replace(self.path)

    def remove(self) -> None:
        """Want what the run began with."""
        self.path.unlink(missing_ok=True)


def read_slots(text: str) -> int | None:
    """The number of rows that a text says; None: it says none that may be wanted."""
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST):
        return None
    return int(text) if 1 <= int(text) <= MOST else None
