"""Which attempts count, and who gets work back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mission.journal import Attempt, End, Step
from mission.outcome import Outcome
from policy.tries import history, may_go_back, may_repair, since, spent, to_repair, tries
from tests.unit.policy.test_attempt import attempt


def ended(end: End, said: Outcome | None = Outcome.SUCCESS, **changed: object) -> Attempt:
    return attempt(Step.ENDED, end=end, said=said, **changed)


WORK = attempt(Step.WORKED, said=Outcome.SUCCESS)


def test_what_a_person_does_starts_the_count_anew() -> None:
    first = ended(End.FAILED)
    second = replace(first, id=2, number=2, started=first.started + timedelta(hours=2))
    said = first.started + timedelta(hours=1)
    assert since([first, second], []) == [first, second]
    assert since([first, second], [first.started - timedelta(hours=1), said]) == [second]


def test_failures_and_work_that_was_not_good_count() -> None:
    earlier = [
        ended(End.VERIFICATION),
        ended(End.AS_SAID, Outcome.CRASHED),
        ended(End.AS_SAID, Outcome.QUOTA),  # says nothing about the task
        ended(End.REVIEW),
        ended(End.INTERRUPTED, None),
    ]
    assert spent(earlier) == 2
    assert tries(earlier) == [("worker", Outcome.CRASHED), ("worker", Outcome.QUOTA)]


def test_limits_and_refused_logins_are_counted_in_a_row() -> None:
    words = [Outcome.QUOTA, Outcome.CRASHED, Outcome.RATE_LIMIT, Outcome.OVERLOADED]
    told = history([("a", word) for word in words], Outcome.CRASHED, most=3, fallback="b")
    assert (told.counted, told.max_attempts, told.pauses, told.refused) == (2, 3, 2, 0)
    assert told.fallback == "b"


def test_work_goes_back_while_attempts_are_left() -> None:
    assert may_go_back(WORK, [], End.VERIFICATION, most=2)
    assert not may_go_back(WORK, [ended(End.VERIFICATION)], End.VERIFICATION, most=2)
    assert not may_go_back(WORK, [ended(End.SINGLE_WRITER)], End.SINGLE_WRITER, most=9)
    assert not may_go_back(replace(WORK, taken_up=True), [], End.VERIFICATION, most=9)


def test_a_conflict_is_repaired_once_and_not_in_what_was_approved() -> None:
    assert may_repair(WORK, [ended(End.VERIFICATION)])
    assert not may_repair(WORK, [ended(End.CONFLICT)])
    assert not may_repair(replace(WORK, approved=True), [])


def test_a_conflict_is_open_until_work_has_come_behind_it() -> None:
    conflict, cut_off = ended(End.CONFLICT, head="h"), ended(End.INTERRUPTED, None)
    assert to_repair([conflict, cut_off]) == conflict
    assert to_repair([conflict, ended(End.VERIFICATION, head="i"), cut_off]) is None
    assert to_repair([]) is None
