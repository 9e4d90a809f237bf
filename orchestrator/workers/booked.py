"""What the journal holds already of a worker's run that is waited for again after a crash."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from pydantic import TypeAdapter

from agents.protocol import Usage
from mission.journal import Attempt, EventKind
from orchestrator.context import Context
from orchestrator.usage import usage_of

REMOTE = "remote"  # the journal's kind of event: an errand was given to the workers
_USAGE = TypeAdapter(Usage)


def booked_before(context: Context, attempt: Attempt, run: str | None) -> Usage:
    """What is booked with an attempt since a worker's run of its review began."""
    sent = [
        event.id
        for event in context.journal.events(task=attempt.task, kind=REMOTE)
        if run is not None and event.data["remote_run"] == run
    ]
    if not sent:
        return Usage()
    booked = context.journal.events(task=attempt.task, kind=EventKind.USAGE, after=sent[0])
    return _total(
        _USAGE.validate_python(event.data) for event in booked if event.attempt == attempt.id
    )


def told_before(context: Context, attempt: Attempt, run: str | None) -> Usage:
    """What is journalled, with attempts that were cut off, of what a worker's run used."""
    numbers = {
        event.attempt
        for event in context.journal.events(task=attempt.task, kind=REMOTE)
        if run is not None and event.data["remote_run"] == run
    }
    return _total(
        usage_of(one)
        for one in context.journal.attempts(attempt.task)
        if one.id in numbers and one.id != attempt.id
    )


def _total(parts: Iterable[Usage]) -> Usage:
    return reduce(Usage.plus, parts, Usage())
