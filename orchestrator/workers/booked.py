"""What the journal holds already of a worker's run that is waited for again after a crash."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from mission.journal import Attempt
from mission.journal.kinds import ErrandSent, UsageBooked
from mission.usage import Usage
from orchestrator.context import Context


def booked_before(context: Context, attempt: Attempt, run: str | None) -> Usage:
    """What is booked with an attempt since a worker's run of its review began."""
    sent = [
        event.id
        for event in context.journal.events(ErrandSent, task=attempt.task)
        if event.what.remote_run == run
    ]
    if not sent:
        return Usage()
    booked = context.journal.events(
        UsageBooked, task=attempt.task, attempt=attempt.id, after=sent[0]
    )
    return _total(event.what.usage for event in booked)


def told_before(context: Context, attempt: Attempt, run: str | None) -> Usage:
    """What is journalled, with attempts that were cut off, of what a worker's run used."""
    numbers = {
        event.attempt
        for event in context.journal.events(ErrandSent, task=attempt.task)
        if event.what.remote_run == run
    }
    return _total(
        one.usage
        for one in context.journal.attempts(attempt.task)
        if one.id in numbers and one.id != attempt.id
    )


def _total(parts: Iterable[Usage]) -> Usage:
    return reduce(Usage.plus, parts, Usage())
