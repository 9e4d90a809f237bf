"""A clock that is set while it is looked at: noticed, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from mission.clock import SetClock
from mission.journal import Journal

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Hands:
    """A clock that goes on by a second with each look at it."""

    passed: float = 0.0
    ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.boottime()) + self.ahead

    def monotonic(self) -> float:
        return self.boottime()

    def boottime(self) -> float:
        self.passed += 1
        return self.passed


@pytest.mark.parametrize("by", [HOUR, -HOUR, DAY, -DAY])
def test_it_is_noticed_once(by: timedelta) -> None:
    hands = Hands()
    clock = SetClock(hands)
    assert clock.look() == timedelta()
    hands.ahead += by
    assert abs(clock.look() - by) <= timedelta(seconds=2)
    assert clock.look() == timedelta()
    hands.ahead -= by
    assert abs(clock.look() + by) <= timedelta(seconds=2)


def test_a_clock_that_is_kept_right_is_not_set() -> None:
    hands = Hands()
    clock = SetClock(hands)
    for _ in range(100):
        hands.ahead -= timedelta(seconds=20)
        assert clock.look() == timedelta()


@pytest.mark.parametrize(
    ("times", "stored"),
    [
        ((NOON, NOON - DAY, NOON - DAY + HOUR), [0, 1, 2]),
        ((NOON, NOON + HOUR, NOON, NOON + HOUR), [0, HOUR, 1, 1]),
        # A journal of a machine that had no idea what time it is: not believed for ever.
        ((NOON, NOON - 3 * DAY), [0, -3 * DAY]),
    ],
)
def test_the_journal_keeps_its_order(
    times: Sequence[datetime], stored: Sequence[timedelta | int]
) -> None:
    left = iter((times[0], *times))
    journal = Journal.in_memory(clock=lambda: next(left))
    run = journal.start_run(mission="M", host="here", pid=1, pid_started=1.0)
    previous = NOON
    for task, want in enumerate(stored):
        attempt = journal.start_attempt(
            run=run, task=str(task), agent="a", branch=None, base_commit=None, worktree=None,
            log=None, route="",
        )  # fmt: skip
        if isinstance(want, timedelta):
            assert attempt.started == NOON + want
        elif want:
            assert attempt.started == previous + timedelta(microseconds=1)
        previous = attempt.started
