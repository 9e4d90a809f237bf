"""What a row's earlier attempts say of the next one: which count, and who gets work back.

Pure: whoever asks hands over the attempts as the journal has them, in their order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Protocol

from mission.journal import Attempt
from mission.outcome import LIMITS, Outcome
from mission.steps import End, outcome_of
from policy.retry import History, counts


class Tried(Protocol):
    """An earlier attempt, as far as it matters for the next one."""

    @property
    def agent(self) -> str:
        """Who was asked."""

    @property
    def end(self) -> End | None:
        """What it came to; None: it has not ended."""

    @property
    def said(self) -> Outcome | None:
        """The agent's word."""


class Finished(Protocol):
    """An attempt that holds work."""

    @property
    def taken_up(self) -> bool:
        """Whether people may have changed its branch."""

    @property
    def approved(self) -> bool:
        """Whether a person has."""


Tries = Sequence[tuple[str, Outcome]]  # who was asked before, and how that ended, in order

#: Ends of work that was finished, and not good: its agent may get it back.
NOT_GOOD = frozenset({End.VERIFICATION, End.SINGLE_WRITER})


def since(attempts: Iterable[Attempt], words: Iterable[datetime]) -> list[Attempt]:
    """Those that began after a person last set the row: what a person does starts the count anew.

    Args:
        attempts: Of one row.
        words: When people set it.
    """
    last = max(words, default=None)
    return [one for one in attempts if last is None or one.started > last]


def tries(earlier: Iterable[Tried]) -> Tries:
    """The attempts whose ends are told in the words of agents."""
    ends = ((one.agent, outcome_of(one.end, one.said)) for one in earlier)
    return [(agent, outcome) for agent, outcome in ends if outcome is not None]


def sent_back(earlier: Iterable[Tried]) -> int:
    """How many of these attempts finished work that was not good."""
    return sum(one.end in NOT_GOOD for one in earlier)


def spent(earlier: Sequence[Tried]) -> int:
    """How many of these attempts count: those that failed, and those whose work was not good."""
    return sent_back(earlier) + sum(counts(outcome) for _, outcome in tries(earlier))


def history(before: Tries, outcome: Outcome, *, most: int, fallback: str | None) -> History:
    """What led up to a try that ended with `outcome`.

    Args:
        before: The tries before it.
        outcome: How it ended.
        most: How many tries there may be, of those that count.
        fallback: Who could be asked instead.
    """
    earlier = [one for _, one in before]
    return History(
        counted=sum(counts(one) for one in [*earlier, outcome]),
        max_attempts=most,
        refused=_in_a_row(earlier, {Outcome.AUTHENTICATION}),
        pauses=_in_a_row(earlier, LIMITS),
        fallback=fallback,
    )


def _in_a_row(earlier: Sequence[Outcome], outcomes: Collection[Outcome]) -> int:
    """How many of the last ends were one of these."""
    return len(list(takewhile(lambda outcome: outcome in outcomes, reversed(earlier))))


def may_go_back(attempt: Finished, earlier: Sequence[Tried], end: End, *, most: int) -> bool:
    """Whether the row's agent gets its work back, which came to `end`: while it has attempts left,
    and once for the task file. Not what a person has approved: another result is not what they saw.
    Nor work that was held up and is taken up again: they may have changed the branch.

    Args:
        attempt: The one that holds the work.
        earlier: The attempts before it, since a person last set the row.
        end: One of `NOT_GOOD`.
        most: How many attempts the row has, of those that count.
    """
    if attempt.taken_up:
        return False
    if end is End.SINGLE_WRITER and any(one.end is end for one in earlier):
        return False
    return spent(earlier) + 1 < most


def may_repair(attempt: Finished, earlier: Iterable[Tried]) -> bool:
    """Whether the row's agent gets one more attempt to settle a conflict: once since a person last
    set the row, and not for work that a person has approved: what comes out of a repair is not
    what they saw."""
    return not attempt.approved and not any(one.end is End.CONFLICT for one in earlier)


def to_repair(earlier: Sequence[Attempt]) -> Attempt | None:
    """The attempt whose conflict the next one is to settle; None if there is none.

    Attempts behind it that were cut off, or failed, have settled nothing.
    """
    for one in reversed(earlier):
        if one.end is End.CONFLICT:
            return one
        if one.head is not None:
            return None
    return None
