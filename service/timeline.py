"""When each row was at what, as the journal has it now."""

from __future__ import annotations

from datetime import datetime

from mission.clock import utc_now
from mission.journal import Attempt, Event, Journal
from mission.journal.kinds import Happening
from mission.timeline import Phase, RowTime, Stretch, make_timeline
from service.books import Books
from tasks_md.model import Plan

__all__ = ["Phase", "RowTime", "Stretch", "read_timeline"]


def read_timeline(
    books: Books, plan: Plan, *, worked_until: datetime | None = None
) -> tuple[RowTime, ...]:
    """Of every row that was ever begun, in file order. Changes nothing, starts nothing.

    Args:
        books: Of the mission.
        plan: Its task file.
        worked_until: The last sign of a run that is at work no more; None: one is.

    Raises:
        JournalError: The journal cannot be read.
    """

    def take(journal: Journal) -> tuple[list[Attempt], list[Event[Happening]]]:
        return journal.attempts(), journal.events()

    attempts, events = books.look(take)
    before = {task.id: task.depends_on for task in plan.by_id.values()}
    now = utc_now()
    return make_timeline(
        before,
        attempts,
        events,
        now=now,
        worked_until=now if worked_until is None else worked_until,
    )
