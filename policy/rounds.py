"""The rounds of a row's review: how often its work was reviewed, and what its author answered.

Pure: whoever asks hands over what the journal has of the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

from mission.journal import Attempt, Event
from mission.journal.kinds import ReviewMade, StatusSet
from mission.state import Actor


def chain(changes: Iterable[Event[StatusSet]]) -> int:
    """Rounds are counted anew after a person has set the row: the number of such changes."""
    return sum(change.what.by == Actor.PERSON for change in changes)


def rounds_of(
    reviews: Iterable[Event[ReviewMade]], now: int, attempt: Attempt
) -> list[Event[ReviewMade]]:
    """The row's reviews since a person last set it, in their order; where there are none, the one
    that has passed just this work of the attempt: it is not paid twice because the row was blocked
    by something else.

    Args:
        reviews: All of them.
        now: What `chain` says.
        attempt: The work that is to be reviewed.
    """
    made = list(reviews)
    rounds = [event for event in made if event.what.chain == now]
    if rounds or not made:
        return rounds
    last = made[-1]
    same = (last.attempt, last.what.head) == (attempt.id, attempt.head)
    return [last] if last.what.passed and same else []


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
