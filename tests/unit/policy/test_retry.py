"""What follows from each outcome."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.protocol import Result
from mission.outcome import Outcome
from policy.retry import (
    FREE,
    LONGEST_DELAY,
    LONGEST_PAUSE,
    MARGIN,
    SPREAD,
    Action,
    History,
    Limit,
    backoff,
    counts,
    decide,
    rest_end,
)

NOW = datetime(2026, 4, 19, 12, tzinfo=UTC)


def _result(outcome: Outcome, retry_at: datetime | None = None) -> Result:
    return Result(outcome=outcome, summary="its words", retry_at=retry_at)


def _first(outcome: Outcome, retry_at: datetime | None = None) -> Action:
    history = History(counted=1, max_attempts=3)
    return decide(_result(outcome, retry_at), history, now=NOW, dice=0).action


@pytest.mark.parametrize(
    ("outcome", "action"),
    [
        (Outcome.SUCCESS, Action.FINISH),
        (Outcome.NEEDS_QA, Action.HAND_OVER),
        (Outcome.NO_CHANGES, Action.FAIL),
        (Outcome.REFUSED, Action.BLOCK),
        (Outcome.AUTHENTICATION, Action.RETRY),
        (Outcome.QUOTA, Action.PAUSE),
        (Outcome.RATE_LIMIT, Action.PAUSE),
        (Outcome.OVERLOADED, Action.PAUSE),
        (Outcome.BAD_REQUEST, Action.BLOCK),
        (Outcome.OUT_OF_TURNS, Action.RETRY),
        (Outcome.BUDGET, Action.BLOCK),
        (Outcome.SILENT, Action.RETRY),
        (Outcome.TIMED_OUT, Action.RETRY),
        (Outcome.STOPPED, Action.RELEASE),
        (Outcome.KILLED, Action.RETRY),
        (Outcome.CRASHED, Action.RETRY),
        (Outcome.BLOCKED, Action.BLOCK),
    ],
)
def test_the_first_attempt(outcome: Outcome, action: Action) -> None:
    assert _first(outcome) is action


def test_a_login_that_is_refused_is_tried_once_more() -> None:
    again = History(counted=0, max_attempts=1, refused=1)
    assert decide(_result(Outcome.AUTHENTICATION), again, now=NOW, dice=0).action is Action.BLOCK


def test_a_limit_pauses_until_the_tool_says_it_ends() -> None:
    until = NOW + timedelta(hours=3)
    history = History(counted=0, max_attempts=1)
    decision = decide(_result(Outcome.QUOTA, until), history, now=NOW, dice=0)
    assert (decision.action, decision.until) == (Action.PAUSE, until + MARGIN)
    assert decision.resume


@given(
    st.sampled_from([Outcome.QUOTA, Outcome.RATE_LIMIT]),
    st.timedeltas(timedelta(microseconds=1), timedelta(days=31)),
    st.integers(0, 10_000),
    st.floats(0, 1, exclude_max=True),
)
def test_a_limit_is_never_asked_before_its_end_nor_much_later(
    outcome: Outcome, left: timedelta, times: int, dice: float
) -> None:
    end = NOW + left
    until = rest_end(Limit(outcome=outcome, retry_at=end), times, now=NOW, dice=dice)
    assert end < until <= end + MARGIN + SPREAD


@given(
    st.none() | st.timedeltas(timedelta(days=-1), timedelta(days=400)),
    st.integers(0, 10_000),
    st.floats(0, 1, exclude_max=True),
)
def test_an_overload_is_asked_about_within_the_hour(
    said: timedelta | None, times: int, dice: float
) -> None:
    limit = Limit(outcome=Outcome.OVERLOADED, retry_at=None if said is None else NOW + said)
    assert NOW < rest_end(limit, times, now=NOW, dice=dice) <= NOW + LONGEST_PAUSE


def test_a_limit_that_has_already_ended_still_rests_a_moment() -> None:
    past = NOW - timedelta(hours=1)
    history = History(counted=0, max_attempts=1)
    decision = decide(_result(Outcome.RATE_LIMIT, past), history, now=NOW, dice=0)
    assert decision.until is not None
    assert decision.until > NOW


def test_a_limit_that_is_always_over_already_is_met_with_longer_and_longer_rests() -> None:
    rests = []
    for pauses in range(20):
        history = History(counted=0, max_attempts=1, pauses=pauses)
        past = NOW - timedelta(hours=1)
        decision = decide(_result(Outcome.QUOTA, past), history, now=NOW, dice=0)
        assert decision.until is not None
        rests.append(decision.until - NOW)
    assert rests == sorted(rests)
    assert rests[0] == timedelta(seconds=1)
    assert rests[-1] == timedelta(hours=1)


def test_a_limit_that_never_ends_is_not_believed() -> None:
    never = datetime.max.replace(tzinfo=UTC)
    history = History(counted=0, max_attempts=1)
    decision = decide(_result(Outcome.QUOTA, never), history, now=NOW, dice=0)
    assert decision.until is not None
    assert timedelta(days=31) < decision.until - NOW < timedelta(days=40)


def test_a_fallback_goes_on_while_the_provider_rests() -> None:
    history = History(counted=0, max_attempts=3, fallback="sonnet")
    decision = decide(_result(Outcome.RATE_LIMIT), history, now=NOW, dice=0)
    assert (decision.action, decision.agent) == (Action.RETRY, "sonnet")
    assert decision.limit == Limit(outcome=Outcome.RATE_LIMIT)
    assert not decision.resume  # the other agent has no such session
    assert "sonnet stands in" in decision.reason


def test_a_fallback_takes_over_an_overload_at_once() -> None:
    history = History(counted=0, max_attempts=3, fallback="sonnet")
    decision = decide(_result(Outcome.OVERLOADED), history, now=NOW, dice=0)
    assert (decision.action, decision.agent) == (Action.RETRY, "sonnet")


def test_the_last_attempt_fails_and_says_so() -> None:
    history = History(counted=3, max_attempts=3)
    decision = decide(_result(Outcome.CRASHED), history, now=NOW, dice=0)
    assert decision.action is Action.FAIL
    assert decision.reason == "crashed: its words (after 3 attempts)"


_RESULTS = st.builds(
    _result,
    st.sampled_from(Outcome),
    st.none() | st.integers(-(10**8), 10**8).map(lambda seconds: NOW + timedelta(seconds=seconds)),
)
_HISTORIES = st.builds(
    History,
    counted=st.integers(0, 10_000),
    max_attempts=st.integers(1, 10),
    pauses=st.integers(0, 10_000),
    fallback=st.none() | st.just("other"),
)
_DICE = st.floats(0, 1, exclude_max=True)


@given(_RESULTS, _HISTORIES, _DICE)
def test_every_decision_is_bounded_and_explained(
    result: Result, history: History, dice: float
) -> None:
    decision = decide(result, history, now=NOW, dice=dice)
    assert timedelta(0) <= decision.delay <= LONGEST_DELAY
    assert decision.reason.startswith(result.outcome)
    assert decision.advice
    if decision.until is not None and result.retry_at is None:
        assert NOW < decision.until <= NOW + LONGEST_PAUSE
    if decision.action is Action.PAUSE:
        assert decision.until is not None


@given(_RESULTS, _DICE, st.integers(1, 5))
def test_a_row_ends_after_max_attempts(result: Result, dice: float, max_attempts: int) -> None:
    counted = 0
    for tries in range(max_attempts + 1):
        counted += counts(result.outcome)
        history = History(counted=counted, max_attempts=max_attempts, refused=tries)
        decision = decide(result, history, now=NOW, dice=dice)
        if decision.action is not Action.RETRY:
            break
    assert decision.action is not Action.RETRY
    assert counted <= max_attempts


@given(st.sampled_from(sorted(FREE)), st.integers(0, 100))
def test_limits_never_burn_attempts(outcome: Outcome, pauses: int) -> None:
    history = History(counted=0, max_attempts=1, pauses=pauses)
    assert not counts(outcome)
    assert decide(_result(outcome), history, now=NOW, dice=0).action is not Action.FAIL


@given(st.integers(1, 1000), _DICE)
def test_back_off_grows_to_its_bound(tries: int, dice: float) -> None:
    assert backoff(tries, dice) <= backoff(tries + 1, dice) <= LONGEST_DELAY
    assert backoff(tries, dice) >= timedelta(seconds=5)
