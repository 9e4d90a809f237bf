"""What people are told of a claim. What it says is foreign text."""

from __future__ import annotations

from datetime import datetime, timedelta

from errors import ClaimHeldError, ClaimLostError, GitError
from mission.amounts import clock, span
from mission.claim import ClaimNote
from policy.claim import silence, watch
from workspace.output import plain

_NEVER = "or set `claim: never` in mission.yaml: then nothing keeps another clone from the mission"


def _holder(note: ClaimNote) -> str:
    return _clean(f"{note.who} on {note.host}, process {note.pid}")


def _clean(text: str) -> str:
    return " ".join(plain(text).split())


def held(note: ClaimNote, *, silent: timedelta, stale: bool) -> ClaimHeldError:
    """Another clone carries the mission out; `stale`: a person may have it taken over."""
    since = clock(note.since)
    text = f"this mission is carried out by {_holder(note)} since {since}"
    text = f"{text}, in another clone; its last sign was {span(silent)} ago"
    if stale:
        hint = (
            "If that run is dead, `mission run --take-over` takes the mission over; after "
            f"{span(note.seconds('lapse'))} without a sign any run does"
        )
    else:
        hint = (
            "Wait for its end, or stop it there; after "
            f"{span(note.seconds('take_over'))} without a sign it can be taken over"
        )
    return ClaimHeldError(text, hint=hint)


def watching(note: ClaimNote, *, seen: datetime, now: datetime) -> str:
    """A claim without a sign is watched before it is taken."""
    ago = span(silence(note, seen=seen, now=now))
    return (
        f"{_holder(note)} has the mission, and has given no sign for {ago}: it is taken over if "
        f"none comes within {span(watch(note))}"
    )


def taken_over(note: ClaimNote | None) -> ClaimLostError:
    """The claim is another clone's now; None: nobody can tell whose."""
    by = f"by {_holder(note)}" if note is not None else "by another clone"
    return ClaimLostError(
        f"the mission was taken over {by}: nothing of this run is pushed any more",
        hint="What was done here is kept; `mission run` goes on once that run has ended",
    )


def not_taken(ref: str, why: str) -> GitError:
    """The remote takes no claim."""
    return GitError(
        f"the remote does not let this mission be claimed ({ref}): {why}",
        hint=f"Let it take refs below refs/mission-runner/, {_NEVER}",
    )


def not_given_back(note: ClaimNote, why: str) -> str:
    """The claim stays, though the run has ended."""
    return (
        f"the claim on the mission could not be given back: {_clean(why)}. This clone goes on at "
        f"once; another one can take it over after {span(note.seconds('take_over'))}"
    )
