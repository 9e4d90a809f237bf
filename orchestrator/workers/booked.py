"""What the journal holds already of a worker's run that is waited for again after a crash."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from mission.journal import Attempt, Journal
from mission.journal.kinds import ErrandSent, UsageBooked
from mission.usage import Usage


def booked_before(journal: Journal, attempt: Attempt, run: str | None) -> Usage:
    """What is booked with an attempt since a worker's run of its review began."""
    sent = [
        event.id
        for event in journal.events(ErrandSent, task=attempt.task)
        if event.what.remote_run == run
    ]
    if not sent:
        return Usage()
    booked = journal.events(UsageBooked, task=attempt.task, attempt=attempt.id, after=sent[0])
    return _total(event.what.usage for event in booked)


def told_before(journal: Journal, attempt: Attempt, run: str | None) -> Usage:
    """What is journalled, with attempts that were cut off, of what a worker's run used."""
    numbers = {
        event.attempt
        for event in journal.events(ErrandSent, task=attempt.task)
        if event.what.remote_run == run
    }
    return _total(
        one.usage
        for one in journal.attempts(attempt.task)
        if one.id in numbers and one.id != attempt.id
    )


def _total(parts: Iterable[Usage]) -> Usage:
    return reduce(Usage.plus, parts, Usage())
