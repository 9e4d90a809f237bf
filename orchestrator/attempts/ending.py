"""The end of an attempt, as the loop gets it."""

from __future__ import annotations

from dataclasses import dataclass

from mission.journal import End
from mission.outcome import Outcome
from mission.state import Status
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.ends import Again, TaskEnd, Unreviewed
from workspace.redact import Redactor


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Makes ends of attempts."""

    redactor: Redactor

    def end(
        self,
        assignment: Assignment,
        status: Status | None,
        end: End | None,
        *,
        said: Outcome | None = None,
        reason: str = "",
        word: str = "",
        again: Again | None = None,
        unreviewed: Unreviewed | None = None,
        fatal: bool = False,
        closes: bool = False,
    ) -> TaskEnd:
        """The end; its texts without secrets."""
        redact = self.redactor.text
        return TaskEnd(
            task=assignment.task.id,
            attempt=assignment.attempt.id,
            status=status,
            end=end,
            said=said,
            word=redact(word or reason),
            reason=redact(reason),
            again=again,
            unreviewed=unreviewed,
            fatal=fatal,
            closes=closes,
        )
