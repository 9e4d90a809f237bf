"""A run that cannot save, or whose disk takes nothing: nothing further starts, what is under way
may end, and then the run does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from errors import DiskError
from orchestrator.ports.display import Display
from orchestrator.ports.ends import TaskEnd


@dataclass(kw_only=True, slots=True)
class Closing:
    """Whether a run closes, and why. Used by the loop's thread."""

    full: Callable[[], DiskError | None]  # which disk takes nothing, asked before rows start
    display: Display
    why: str = ""  # empty: it does not close

    def begin(self, why: str, *, busy: bool) -> None:
        """Close. Said at once where rows are under way, else at the end of the run."""
        if not self.why and busy:
            self.display.say(f"{why}. Nothing further starts; what is under way may end")
        self.why = self.why or why

    def may_start(self, *, busy: bool) -> bool:
        """Whether rows may start: nobody is paid for what cannot be kept."""
        disk = None if self.why else self.full()
        if disk is not None:
            self.begin(str(disk), busy=busy)
        return not self.why

    def kept_apart(self, end: TaskEnd, settled: TaskEnd, *, busy: bool) -> TaskEnd:
        """What a person's stop made of an end, `settled`: that has their word, and the run closes
        for what the end itself said."""
        if not end.closes or settled is end:
            return settled
        self.begin(end.reason, busy=busy)
        return replace(settled, closes=False)

    def heed(self, end: TaskEnd, *, busy: bool) -> TaskEnd:
        """An end of a job, which may be what the run closes for. What is told once is not told
        again."""
        if not end.closes:
            return end
        first = not self.why
        self.begin(end.reason, busy=busy)
        return end if first and not busy else replace(end, word="", reason="")
