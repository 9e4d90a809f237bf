"""What a reviewer uses, booked with the attempt that it reviews."""

from __future__ import annotations

from mission.journal import Attempt
from mission.journal.kinds import UsageBooked
from mission.usage import Usage
from orchestrator.context import Context


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
                UsageBooked(reviewer=self._reviewer, **more.columns()),
                run=self._context.run,
                task=attempt.task,
                attempt=attempt.id,
            )
            journal.update_attempt(attempt.id, **attempt.usage.plus(used).columns())
