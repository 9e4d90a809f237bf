"""What follows from an attempt's outcome: merge, try again, pause a provider, stop and ask, fail.

Pure: the clock and the dice are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from mission.outcome import ADVICE, LIMITS, Outcome


class Ended(Protocol):
    """What an agent's attempt came to, as far as it decides what follows."""

    @property
    def outcome(self) -> Outcome:
        """How it ended."""

    @property
    def summary(self) -> str:
        """The exact reason, or what the agent says it did."""

    @property
    def retry_at(self) -> datetime | None:
        """For rate limits and quotas: until when, where the tool says so."""


class Action(StrEnum):
    """What the orchestrator does next with the row."""

    FINISH = "finish"  # verify, merge
    HAND_OVER = "hand-over"  # needs-qa
    RETRY = "retry"  # after `delay`
    PAUSE = "pause"  # the provider rests; the row waits until then, no attempt is burnt
    BLOCK = "block"
    FAIL = "fail"
    RELEASE = "release"  # back to not-started, to be resumed by the next run


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """What led up to the attempt that just ended."""

    counted: int  # attempts at this row that count, this one included if it does
    max_attempts: int  # of these
    refused: int = 0  # how often the tool's login was refused before this, in a row
    pauses: int = 0  # how often the row met a provider that had to rest, in a row
    fallback: str | None = None  # the agent that stands in, where one is configured


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """Why a provider takes no work for a while."""

    outcome: Outcome  # one of `LIMITS`
    retry_at: datetime | None = None  # when it ends, where the tool says so


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What to do, and what to tell people."""

    action: Action
    reason: str  # the outcome and the tool's exact words, one line
    advice: str  # what a person should do
    delay: timedelta = timedelta(0)  # for RETRY
    until: datetime | None = None  # for PAUSE: the row itself waits at least so long
    limit: Limit | None = None  # for PAUSE, and for a RETRY that leaves a resting provider behind
    agent: str | None = None  # for RETRY: another agent than before
    resume: bool = False  # for RETRY and RELEASE: go on with the session, if there is one


FIRST_DELAY = timedelta(seconds=10)
LONGEST_DELAY = timedelta(minutes=10)
FIRST_PAUSE = {Outcome.RATE_LIMIT: timedelta(minutes=1), Outcome.QUOTA: timedelta(minutes=15)}
LONGEST_PAUSE = timedelta(hours=1)
MARGIN = timedelta(seconds=1)  # after the end of a limit, as clocks differ
SPREAD = timedelta(seconds=30)  # at most: so that not everybody returns in the same second
LONGEST_LIMIT = timedelta(days=32)  # some are by the month

# What may pass by itself, and whether the session is worth going on with.
_PASSING: Mapping[Outcome, bool] = {
    Outcome.AUTHENTICATION: True,
    Outcome.SILENT: True,
    Outcome.TIMED_OUT: True,
    Outcome.KILLED: True,
    Outcome.OUT_OF_TURNS: True,
    Outcome.CRASHED: False,  # what broke the tool may be in its session
}
_SETTLED: Mapping[Outcome, Action] = {
    Outcome.SUCCESS: Action.FINISH,
    Outcome.NEEDS_QA: Action.HAND_OVER,
    Outcome.STOPPED: Action.RELEASE,
    Outcome.NO_CHANGES: Action.FAIL,
    Outcome.REFUSED: Action.BLOCK,
    Outcome.BAD_REQUEST: Action.BLOCK,
    Outcome.BUDGET: Action.BLOCK,
    Outcome.BLOCKED: Action.BLOCK,
}

#: Ends that say nothing about the task: they do not count against `max_attempts`.
FREE = LIMITS | {Outcome.STOPPED, Outcome.BUDGET, Outcome.AUTHENTICATION}


def counts(outcome: Outcome) -> bool:
    """Whether an attempt that ended like this counts against `max_attempts`."""
    return outcome not in FREE


def decide(result: Ended, history: History, *, now: datetime, dice: float) -> Decision:
    """What follows from `result`.

    Args:
        now: Aware; pauses are counted from it.
        dice: From 0 up to 1. Spreads the delays, so that parallel rows do not return together.
    """
    reason = f"{result.outcome}: {result.summary}" if result.summary else str(result.outcome)
    advice = ADVICE[result.outcome]
    settled = _SETTLED.get(result.outcome)
    # Tools that share a login refresh it one after the other: one of them may come too early, once.
    asks_once_more = result.outcome is Outcome.AUTHENTICATION
    if asks_once_more and history.refused:
        settled = Action.BLOCK
    if settled is not None:
        resume = settled is Action.RELEASE
        return Decision(action=settled, reason=reason, advice=advice, resume=resume)
    if result.outcome in LIMITS:
        limit = Limit(outcome=result.outcome, retry_at=result.retry_at)
        if history.fallback:
            return Decision(
                action=Action.RETRY,
                reason=f"{reason}; {history.fallback} stands in",
                advice=advice,
                limit=limit,
                agent=history.fallback,
            )
        return Decision(
            action=Action.PAUSE,
            reason=reason,
            advice=advice,
            until=rest_end(limit, history.pauses, now=now, dice=dice),
            limit=limit,
            resume=True,
        )
    if asks_once_more or history.counted < history.max_attempts:
        return Decision(
            action=Action.RETRY,
            reason=reason,
            advice=advice,
            delay=backoff(history.counted, dice),
            resume=_PASSING[result.outcome],
        )
    tries = f"{history.counted} attempt{'s' if history.counted != 1 else ''}"
    return Decision(
        action=Action.FAIL,
        reason=f"{reason} (after {tries})",
        advice=f"{ADVICE[result.outcome]}; then `mission retry ID`",
    )


def backoff(tries: int, dice: float) -> timedelta:
    """How long to wait after the `tries`-th try: doubling, bounded, spread over its upper half."""
    doublings = min(max(tries, 1) - 1, 16)  # more would overflow, and the bound is long reached
    return min(LONGEST_DELAY, FIRST_DELAY * (1 << doublings)) * (0.5 + 0.5 * dice)


def rest_end(limit: Limit, times: int, *, now: datetime, dice: float) -> datetime:
    """Until when a provider rests: a moment after its limit ends, where it says when; else longer
    each time.

    Times that have already passed, as clocks differ, are met with longer and longer rests too, and
    none is believed that is further away than limits last. An overload ends when it ends: what is
    said of it is not believed for longer than a pause may be.

    Args:
        times: How often it had to rest before this, without an answer in between.
        now: Aware.
        dice: From 0 up to 1.
    """
    longer = 1 << min(times, 16)
    if limit.outcome is Outcome.OVERLOADED:
        pause = backoff(times + 1, dice)
        said = (limit.retry_at or now) - now
        return now + max(pause, min(said, LONGEST_PAUSE))
    if limit.retry_at is None:
        return now + min(LONGEST_PAUSE, FIRST_PAUSE[limit.outcome] * longer)
    left = limit.retry_at - now
    if left <= timedelta(0):
        return now + min(LONGEST_PAUSE, MARGIN * longer)
    return now + min(left + MARGIN + min(SPREAD, left / 4) * dice, LONGEST_LIMIT)
