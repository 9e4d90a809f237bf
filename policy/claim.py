"""Whether a clone may carry a mission out, by what the claim on the remote says. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from mission.claim import ClaimNote

_MOST_WATCHED = timedelta(minutes=10)
_MOST_BETWEEN = 10.0  # seconds
_MOST_MARGIN = 300.0  # seconds


class Turn(Enum):
    """What a clone does that wants to carry the mission out."""

    TAKE = "take"  # nobody has it, or its run is known to be dead
    GO_ON = "go on"  # this clone has it: its run was killed, since the writer's lock is ours
    WATCH = "watch"  # take it, if no sign comes while one should
    STALE = "stale"  # leave: a person may have it taken over
    LEAVE = "leave"  # another clone carries it out


def turn(
    note: ClaimNote | None,
    *,
    clone: str,
    seen: datetime,
    now: datetime,
    take_over: bool,
    gone: bool = False,
) -> Turn:
    """What to do.

    Args:
        note: The claim; None: nobody ever made one.
        clone: This one.
        seen: When this clone first saw the claim with its last sign, by its own clock.
        now: By the same clock.
        take_over: Whether a person wants it taken over as soon as that may be.
        gone: Whether its process was on this machine, and lives no more.
    """
    if note is None or not note.held or gone:
        return Turn.TAKE
    if note.clone == clone:
        return Turn.GO_ON
    silent = silence(note, seen=seen, now=now)
    if silent >= note.seconds("lapse"):
        return Turn.WATCH
    if silent >= note.seconds("take_over"):
        return Turn.WATCH if take_over else Turn.STALE
    return Turn.LEAVE


def silence(note: ClaimNote, *, seen: datetime, now: datetime) -> timedelta:
    """For how long there was no sign. Clocks differ: since one may say anything of the other, what
    was seen here counts where it is longer; a sign from the future is one of now at most."""
    return max(now - note.sign, now - seen, timedelta())


def watch(note: ClaimNote) -> timedelta:
    """How long to look on before a claim without a sign is taken: one has to come in that time, if
    its run lives, however much the clocks differ."""
    return min(1.5 * note.seconds("every"), _MOST_WATCHED)


def try_again(every: float) -> float:
    """How long after a sign that did not come through to try again. No longer than one sign comes
    after the other, or a short cut would be as long a silence as lets another clone take over.

    Args:
        every: How often a sign is to come, in seconds; the answer is in seconds, too.
    """
    return min(every, _MOST_BETWEEN)


def yields_after(lapse: float) -> float:
    """For how long a run without a confirmed sign lets its agents work. They have to have ended
    when another clone may take the mission by itself, though they take a while to end and clocks
    differ a little: so this is a quarter of `lapse` less than that, or five minutes.

    Args:
        lapse: Without a sign before another clone takes it by itself, in seconds; so is the answer.
    """
    return lapse - min(lapse / 4, _MOST_MARGIN)
