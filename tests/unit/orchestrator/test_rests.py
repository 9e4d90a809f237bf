"""Providers that take no work for a while, and how they come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mission.config import MissionConfig
from mission.outcome import Outcome
from orchestrator.admission.rests import PROBE, Rests
from policy.retry import FIRST_DELAY, LONGEST_DELAY, Limit

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
OVERLOADED = Limit(outcome=Outcome.OVERLOADED)


def limited(until: datetime) -> Limit:
    return Limit(outcome=Outcome.QUOTA, retry_at=until)


def overloaded(rests: Rests, now: datetime) -> datetime:
    return rests.begin("sonnet", OVERLOADED, now=now, dice=1.0)


def test_a_provider_at_rest_keeps_its_longest_rest_and_others_go_on() -> None:
    rests = Rests(MissionConfig())
    back = rests.begin("haiku", limited(LATER), now=NOW, dice=0)
    rests.begin("opus", limited(NOW + MINUTE), now=NOW, dice=0)
    assert LATER < back < LATER + MINUTE
    assert rests.first_at_work(["sonnet", "codex"], NOW) == ("codex", None)
    assert rests.first_at_work(["sonnet"], NOW) == ("sonnet", back)
    assert rests.first_at_work(["sonnet"], back) == ("sonnet", None)


def test_one_row_at_a_time_asks_a_provider_that_had_to_rest() -> None:
    rests = Rests(MissionConfig())
    back = overloaded(rests, NOW)
    rests.asked("sonnet", "A", back)
    assert rests.first_at_work(["sonnet"], back) == ("sonnet", back + PROBE)
    assert rests.first_at_work(["sonnet", "codex"], back) == ("codex", None)
    again = overloaded(rests, back)
    rests.left("sonnet", "A")
    rests.asked("sonnet", "B", again)
    assert rests.first_at_work(["opus"], again) == ("opus", again + PROBE)
    rests.left("sonnet", "A")  # not the one that asks
    assert rests.first_at_work(["opus"], again) == ("opus", again + PROBE)
    rests.left("sonnet", "B")
    rests.answered("sonnet", Outcome.SUCCESS)
    for task in ("C", "D"):
        assert rests.first_at_work(["sonnet"], again) == ("sonnet", None)
        rests.asked("sonnet", task, again)


def test_a_row_that_is_at_work_for_a_while_has_been_answered() -> None:
    rests = Rests(MissionConfig())
    back = overloaded(rests, NOW)
    rests.asked("sonnet", "A", back)
    for task in ("B", "C"):
        assert rests.first_at_work(["sonnet"], back + PROBE) == ("sonnet", None)
        rests.asked("sonnet", task, back + PROBE)


def test_an_end_that_says_nothing_of_the_provider_lets_the_next_row_ask() -> None:
    rests = Rests(MissionConfig())
    back = overloaded(rests, NOW)
    for task in ("A", "B"):
        assert rests.first_at_work(["sonnet"], back) == ("sonnet", None)
        rests.asked("sonnet", task, back)
        assert rests.first_at_work(["sonnet"], back) == ("sonnet", back + PROBE)
        rests.left("sonnet", task)
        rests.answered("sonnet", Outcome.CRASHED)


def test_what_rows_met_at_the_same_time_is_one_rest_and_the_next_is_longer() -> None:
    rests = Rests(MissionConfig())
    ends = {overloaded(rests, NOW) for _ in range(12)}
    assert ends == {NOW + FIRST_DELAY}
    now, pauses = NOW + FIRST_DELAY, []
    for _ in range(9):
        pauses.append(overloaded(rests, now) - now)
        now += pauses[-1]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (2 * FIRST_DELAY, LONGEST_DELAY)


def test_a_provider_is_given_up_after_the_patience_and_asked_once_more_at_its_end() -> None:
    rests = Rests(MissionConfig(patience=MINUTE))
    now, asked = NOW, [NOW]
    while not rests.given_up(["sonnet"]):
        now = overloaded(rests, now)
        asked.append(now)
    assert asked[-2] == NOW + MINUTE
    assert "anthropic took no work for 1m" in rests.given_up(["sonnet", "opus"])
    assert rests.first_at_work(["sonnet", "codex"], now) == ("codex", None)
    assert not rests.given_up(["sonnet", "codex"])
    rests.answered("sonnet", Outcome.SUCCESS)  # an attempt that had begun before
    assert not rests.given_up(["sonnet"])


def test_an_outage_of_long_ago_takes_nothing_from_the_patience() -> None:
    rests = Rests(MissionConfig(patience=MINUTE))
    overloaded(rests, NOW)
    later = NOW + timedelta(hours=3)
    rests.asked("sonnet", "A", later)
    rests.left("sonnet", "A")
    assert overloaded(rests, later) == later + FIRST_DELAY
    assert not rests.given_up(["sonnet"])


def test_a_row_that_is_refused_late_uses_the_patience_up() -> None:
    rests = Rests(MissionConfig(patience=timedelta(hours=1)))
    now = NOW
    for _ in range(3):  # each of them was at work for long before its tool gave up
        back = overloaded(rests, now)
        rests.asked("sonnet", "A", back)
        rests.left("sonnet", "A")
        now = back + timedelta(minutes=30)
    assert rests.given_up(["sonnet"])


def test_a_limit_is_no_outage() -> None:
    rests = Rests(MissionConfig(patience=MINUTE))
    overloaded(rests, NOW)
    for hour in range(1, 9):
        now = NOW + timedelta(hours=hour)
        rests.begin("sonnet", limited(now + timedelta(minutes=59)), now=now, dice=0)
    assert not rests.given_up(["sonnet"])


def test_a_row_may_have_to_wait_longer_than_its_provider_rests() -> None:
    rests = Rests(MissionConfig())
    own = {"sonnet": LATER}
    assert rests.first_at_work(["sonnet"], NOW, own) == ("sonnet", LATER)
    assert rests.first_at_work(["sonnet", "codex"], NOW, own) == ("codex", None)
    assert rests.first_at_work(["sonnet"], LATER, own) == ("sonnet", None)
