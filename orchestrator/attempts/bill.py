"""What a reviewer uses, booked with the attempt that it reviews."""

from __future__ import annotations

from agents.protocol import Usage
from mission.journal import Attempt, EventKind
from orchestrator.context import Context
from orchestrator.usage import columns, usage_of


class Bill:
    """What a reviewer uses, booked as it comes with the attempt that it reviews: the row pays for
    its review, so that its budget and its report hold it."""

    def __init__(self, context: Context, attempt: Attempt, reviewer: str) -> None:
        self._context = context
        self._attempt = attempt
        self._reviewer = reviewer
        self._booked = Usage()

    def book(self, used: Usage) -> None:
        """The reviewer has used this much by now."""
        if used == self._booked:
            return
        before, self._booked = self._booked, used
        more = used.minus(before)
        journal, attempt = self._context.journal, self._attempt
        # Both or neither: a session that is gone on with is told what the author alone had used.
        with journal.together():
            journal.record(
                EventKind.USAGE,
                run=self._context.run,
                task=attempt.task,
                attempt=attempt.id,
                reviewer=self._reviewer,
                **columns(more),
            )
            journal.update_attempt(attempt.id, **columns(usage_of(attempt).plus(used)))
