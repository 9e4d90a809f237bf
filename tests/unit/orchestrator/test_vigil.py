"""Who looks whether the remote hears of a run."""

from __future__ import annotations

from datetime import UTC, datetime

from orchestrator.claiming.vigil import Vigil


class Machine:
    """A clock, and a claim that yields three seconds after its last sign."""

    def __init__(self) -> None:
        self.awake = self.suspended = self.sign = 0.0
        self.said: list[object] = []
        self.vigil = Vigil(
            lambda: self.boottime() - self.sign > 3,
            clock=self,
            on_change=self.said.append,
            on_suspend=lambda: self.said.append("suspended"),
            most=10.0,
            give_up=lambda _why: self.said.append("gave up"),
        )

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self.awake

    def boottime(self) -> float:
        return self.awake + self.suspended

    def look(self) -> list[object]:
        """What is told at a look."""
        self.said.clear()
        self.vigil.look()
        return list(self.said)


def test_it_is_told_once_that_it_yields_and_that_it_does_so_no_more() -> None:
    machine = Machine()
    assert machine.look() == []
    machine.awake = 4
    assert machine.look() == [True]
    assert machine.look() == []
    machine.sign = 4
    assert machine.look() == [False]
    assert machine.look() == []


def test_time_in_which_the_machine_is_suspended_counts() -> None:
    machine = Machine()
    machine.suspended = 2
    assert machine.look() == ["suspended"]
    machine.suspended = 7200
    assert machine.look() == ["suspended", True]
    assert machine.look() == []


def test_a_run_that_yields_for_too_long_ends() -> None:
    machine = Machine()
    machine.awake = 4
    assert machine.look() == [True]
    machine.awake = 13.9
    assert machine.look() == []
    machine.awake = 14
    assert machine.look() == ["gave up"]
