"""What an operation came to, and what shows it: for the row's notes, the journal and the engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One thing that was checked."""

    check: str  # what was looked at
    found: str  # what it was like
    version: str = ""  # of what was looked at, where it has one
    seconds: float | None = None  # how long it took; None: not measured

    def facts(self) -> dict[str, str]:
        """One row of a table."""
        took = "" if self.seconds is None else f"{self.seconds:.2f}"
        return {
            "check": self.check,
            "found": self.found,
            "version": self.version,
            "seconds": took,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationEnd:
    """What an operation came to."""

    ok: bool
    word: str  # for the notes: what was checked, in one line
    evidence: tuple[Evidence, ...] = ()  # each check, in the order in which they were made


class OperationRecord(Protocol):
    """Keeps a record of operations beside the journal: the engine's own."""

    def keep(
        self, name: str, task: str, attempt: int, work: Callable[[], OperationEnd]
    ) -> OperationEnd:
        """Do the work of the operation `name` for a row's attempt, on the record.

        Raises:
            MissionError: What the work raised, and nothing else but a bug.
        """


class NoRecord:
    """The shipped fake: does the work."""

    def keep(
        self, name: str, task: str, attempt: int, work: Callable[[], OperationEnd]
    ) -> OperationEnd:
        return work()


class Proof:
    """Evidence as it is gathered."""

    def __init__(self) -> None:
        self._gathered: list[Evidence] = []

    def add(
        self,
        check: str,
        found: str,
        *,
        version: str = "",
        since: float | None = None,
        seconds: float | None = None,
    ) -> None:
        """Note one thing that was checked, and how long it took: `seconds`, or the time from
        `since` (of `time.monotonic`) until now."""
        if since is not None:
            seconds = time.monotonic() - since
        self._gathered.append(Evidence(check=check, found=found, version=version, seconds=seconds))

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What there is so far, oldest first."""
        return tuple(self._gathered)
