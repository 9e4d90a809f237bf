"""Where an attempt begins: with what its branch holds, or on the current base; and when a person
has to say which. Pure: whoever asks reads journal and git.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from mission.journal import Attempt, Event, RequestKind
from mission.journal.kinds import StatusSet
from mission.state import Actor, Status


class Begin(StrEnum):
    """Where an attempt begins."""

    GO_ON = "go-on"  # with what its branch and its folder hold
    ANEW = "anew"  # on the current base; what there is, is put aside
    ASK = "ask"  # the branch holds commits that no attempt made: a person decides


_ANEW = frozenset({RequestKind.RETRY, RequestKind.UNBLOCK_ANEW})
_KEEP = frozenset({RequestKind.RETRY_KEEP, RequestKind.UNBLOCK_KEEP})


def word_for(
    number: int | None, attempts: Sequence[Attempt], changes: Sequence[Event[StatusSet]]
) -> RequestKind | None:
    """The word with which a person set a row back for an attempt; None: there was none, or it was
    not one that says where to begin, or an attempt has begun with it already.

    Args:
        number: The attempt's; None: it comes after all of these.
        attempts: Of the row, in the order in which they began.
        changes: Of the row's status, in their order.
    """
    before = [one for one in attempts if number is None or one.number < number]
    begun = [one.started for one in before if has_begun(one)]
    words = [one for one in changes if one.what.by == Actor.PERSON]
    if not words or words[-1].what.new != Status.NOT_STARTED:
        return None
    if begun and max(begun) > words[-1].at:
        return None
    asked = words[-1].what.reason.partition(" by ")[0]
    return next((kind for kind in RequestKind if kind.value == asked), None)


def has_begun(attempt: Attempt) -> bool:
    """Whether an attempt got to its folder: here, or on another machine, whose folders are not
    here."""
    return attempt.worktree is not None or attempt.head is not None


def is_anew(word: RequestKind | None) -> bool:
    """Whether a person wants no more of what earlier attempts left."""
    return word in _ANEW


def looks(word: RequestKind | None, *, worked: bool) -> bool:
    """Whether it matters what others have committed on the branch: where it was there before its
    row ever ran, and where it is to be given up.

    Args:
        word: The person's.
        worked: Whether an attempt has begun on this branch before.
    """
    return word not in _KEEP and (not worked or is_anew(word))


def begin(word: RequestKind | None, *, foreign: bool) -> Begin:
    """Where an attempt begins.

    Args:
        word: As for `looks`.
        foreign: Whether the branch holds commits that no attempt made, where that matters.
    """
    if foreign and word is not RequestKind.UNBLOCK_ANEW:
        return Begin.ASK
    return Begin.ANEW if is_anew(word) else Begin.GO_ON
