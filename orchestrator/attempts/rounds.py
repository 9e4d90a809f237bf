"""The rounds of a row's review: how often its work was reviewed, and what its author answered."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from mission.journal import Attempt, Event
from mission.journal.kinds import ReviewMade, StatusSet
from mission.state import Actor
from orchestrator.context import Context


def rounds_of(context: Context, task: str) -> list[Event[ReviewMade]]:
    """The row's reviews since a person last set it, in their order."""
    now = chain(context, task)
    return [
        event for event in context.journal.events(ReviewMade, task=task) if event.what.chain == now
    ]


def chain(context: Context, task: str) -> int:
    """Rounds are counted anew after a person has set the row: the number of such changes."""
    changes = context.journal.events(StatusSet, task=task)
    return sum(change.what.by == Actor.PERSON for change in changes)


def stands(last: Event[ReviewMade], attempt: Attempt) -> bool:
    """Whether what the last review says is said of the attempt's work, and is not answered yet."""
    same = last.what.head == attempt.head
    return same and (last.what.passed or last.attempt == attempt.id)


def unchanged(rounds: Sequence[Event[ReviewMade]], attempt: Attempt) -> int:
    """How often in a row the author has answered a review without changing anything."""
    heads = [event.what.head for event in rounds]
    return len(list(takewhile(lambda head: head == attempt.head, reversed(heads))))


def stuck(last: Event[ReviewMade], attempt: Attempt) -> str:
    """What a person is told where author and reviewer do not get any further."""
    return (
        f"{attempt.agent} changed nothing twice, and says: {attempt.summary}\n"
        f"The last review says: {last.what.text}"
    )
