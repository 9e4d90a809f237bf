"""The journal as a whole."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from errors import JournalDiskError
from mission.clock import Now, utc_now
from mission.journal.attempts import Attempts
from mission.journal.carrying import Carrying
from mission.journal.database import Database
from mission.journal.part import Redact, keep
from mission.journal.requests import Requests
from mission.journal.runs import Runs


class Journal(Carrying, Runs, Attempts, Requests):
    """A mission's journal. Safe for all threads of a process, and for several processes."""

    @classmethod
    def open(cls, path: Path, *, clock: Now = utc_now, redact: Redact = keep) -> Self:
        """Open for writing; make the file and its folder where they are missing.

        Args:
            path: The database (`Place.journal_file`).
            clock: Gives the time, aware.
            redact: Takes secrets out of free text before it is stored. It is given JSON as well,
                which must stay JSON.

        Raises:
            JournalError: It cannot be opened, is no journal, or is of a newer version.
        """
        return cls(Database.open(path, clock=clock), redact)

    @classmethod
    def open_to_read(cls, path: Path) -> Self:
        """Open for reading only. A journal that does not exist yet reads as an empty one.

        Raises:
            JournalError: As `open`.
        """
        return cls(Database.open_to_read(path), keep)

    @classmethod
    def in_memory(cls, *, clock: Now = utc_now) -> Self:
        """The shipped fake: an empty journal that is in no file."""
        return cls(Database.in_memory(clock=clock), keep)

    def in_run(self, run: int) -> Self:
        """The same journal, written in the name of a run."""
        return type(self)(self._database, self._redact, run)

    @property
    def full(self) -> JournalDiskError | None:
        """That the disk was full, and what was written since is in the room that was kept for that:
        nothing further should start. None: it was not."""
        return self._database.full

    @property
    def run(self) -> int:
        """The number of the run in whose name it is written.

        Raises:
            RuntimeError: It is written in the name of none.
        """
        if self._run is None:
            raise RuntimeError("no run writes in this journal")
        return self._run

    def together(self) -> AbstractContextManager[None]:
        """What this thread journals inside is there afterwards all, or not at all.

        One transaction for many entries costs a fraction of one each; other threads wait for it.
        """
        return self._database.together()

    def at_one_moment(self) -> AbstractContextManager[None]:
        """What this thread reads inside is what was there at one moment."""
        return self._database.at_one_moment()

    def close(self) -> None:
        """Close it. Nothing is lost without: every write is durable when it returns."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
