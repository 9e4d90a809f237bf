"""What a reviewer uses, booked with the attempt that it reviews."""

from __future__ import annotations

from mission.journal import Attempt, Journal
from mission.journal.kinds import UsageBooked
from mission.usage import Usage


class Bill:
    """What a reviewer uses, booked as it comes with the attempt that it reviews: the row pays for
    its review, so that its budget and its report hold it."""

    def __init__(self, attempt: Attempt, reviewer: str, *, journal: Journal) -> None:
        self._journal = journal
        self._attempt = attempt
        self._reviewer = reviewer
        self._booked = Usage()

    def book(self, used: Usage) -> None:
        """The reviewer has used this much by now."""
        if used == self._booked:
            return
        before, self._booked = self._booked, used
        more = used.minus(before)
        journal, attempt = self._journal, self._attempt
        # Both or neither: a session that is gone on with is told what the author alone had used.
        with journal.together():
            journal.record(
                UsageBooked(reviewer=self._reviewer, guess=used.guess, **more.columns()),
                task=attempt.task,
                attempt=attempt.id,
            )
            journal.update_attempt(attempt.id, **attempt.usage.plus(used).columns())
