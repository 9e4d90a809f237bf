"""Reservations: limits hold however many tasks run at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policy.budget import Amount, Cap, Ledger, Limits, Refusal, Scope


def _accept(found: Ledger | Refusal) -> Ledger:
    assert isinstance(found, Ledger)
    return found


def _refuse(found: Ledger | Refusal) -> Refusal:
    assert isinstance(found, Refusal)
    return found


def test_parallel_tasks_cannot_overshoot_together() -> None:
    ledger = Ledger(limits=Limits(run=Cap(tokens=10_000)))
    ledger = _accept(ledger.reserve("A", Amount(tokens=6_000)))
    refusal = _refuse(ledger.reserve("B", Amount(tokens=6_000)))
    assert refusal.scope is Scope.RUN
    assert not refusal.final  # it fits as soon as A turns out cheaper
    assert refusal.message == "B would bring this run to 12,000 of 10,000 tokens"
    ledger = ledger.settle("A", Amount(tokens=1_000))
    assert "B" in _accept(ledger.reserve("B", Amount(tokens=6_000))).reserved


def test_what_never_fits_is_final_and_says_what_to_type() -> None:
    ledger = Ledger(limits=Limits(mission=Cap(cost_usd=1.0)), mission=Amount(cost_usd=0.9))
    refusal = _refuse(ledger.reserve("A", Amount(cost_usd=0.2)))
    assert refusal.final
    assert refusal.message == "A would bring this mission to $1.10 of $1.00"
    assert refusal.hint == "Raise `budget.mission` in mission.yaml, then type `mission run`"


def test_a_task_has_a_limit_of_its_own() -> None:
    ledger = Ledger(limits=Limits(task_factor=1.5), tasks={"A": Amount(tokens=6_000)})
    refusal = _refuse(ledger.reserve("A", Amount(tokens=4_000)))
    assert refusal.scope is Scope.TASK
    assert "limit of 1.5 × its estimate of 4,000" in refusal.message
    assert refusal.hint.endswith("then type `mission run`")


def test_a_retry_reserves_what_is_left_of_its_limit() -> None:
    ledger = Ledger(limits=Limits(task_factor=1.5), tasks={"A": Amount(tokens=5_000)})
    ledger = _accept(ledger.reserve("A", Amount(tokens=4_000)))
    assert ledger.reserved["A"] == Amount(tokens=1_000)


def test_without_an_estimate_a_task_has_no_limit_of_its_own() -> None:
    ledger = Ledger(limits=Limits(task_factor=1.0), tasks={"A": Amount(tokens=5_000)})
    assert ledger.allowance("A", Amount()) is None
    assert isinstance(ledger.reserve("A", Amount()), Ledger)


def test_a_limit_that_is_reached_stops_tasks_without_an_estimate_too() -> None:
    ledger = Ledger(limits=Limits(run=Cap(tokens=100)), run=Amount(tokens=99))
    assert isinstance(ledger.reserve("A", Amount()), Ledger)
    assert _refuse(ledger.settle("B", Amount(tokens=1)).reserve("A", Amount())).final


def test_midnight_frees_the_day() -> None:
    ledger = Ledger(limits=Limits(day=Cap(tokens=100)), day=Amount(tokens=100))
    assert _refuse(ledger.reserve("A", Amount(tokens=1))).scope is Scope.DAY
    assert isinstance(ledger.next_day().reserve("A", Amount(tokens=1)), Ledger)


_TASKS = st.sampled_from("ABCDE")
_AMOUNTS = st.builds(
    Amount,
    tokens=st.integers(0, 1_000),
    cost_usd=st.integers(0, 1_000).map(lambda cents: cents / 100),
)
_CAPS = st.builds(
    Cap,
    tokens=st.none() | st.integers(0, 3_000),
    cost_usd=st.none() | st.integers(0, 3_000).map(lambda cents: cents / 100),
)
_STEPS = st.lists(st.tuples(st.sampled_from(["reserve", "settle"]), _TASKS, _AMOUNTS), max_size=40)


def _fits(cap: Cap, total: Amount) -> bool:
    return (cap.tokens is None or total.tokens <= cap.tokens) and (
        cap.cost_usd is None or total.cost_usd <= cap.cost_usd + 1e-6
    )


@given(st.builds(Limits, run=_CAPS, day=_CAPS, mission=_CAPS), _STEPS)
def test_a_reservation_never_breaks_a_limit(
    limits: Limits, steps: list[tuple[str, str, Amount]]
) -> None:
    ledger = Ledger(limits=limits)
    booked = Amount()
    for kind, task, amount in steps:
        if kind == "settle":
            before = ledger
            ledger = ledger.settle(task, amount)
            booked += amount
            assert task not in ledger.reserved
            assert set(ledger.reserved) == set(before.reserved) - {task}
            continue
        found = ledger.reserve(task, amount)
        if isinstance(found, Refusal):
            assert found.task == task
            continue
        ledger = found
        held = sum(ledger.reserved.values(), Amount())
        for cap, spent in (
            (limits.run, ledger.run),
            (limits.day, ledger.day),
            (limits.mission, ledger.mission),
        ):
            assert _fits(cap, spent + held)
    assert ledger.mission == ledger.run == booked
    assert sum((one.tokens for one in ledger.tasks.values()), 0) == booked.tokens


@given(st.floats(0.1, 5), st.integers(1, 10_000), st.lists(st.integers(0, 5_000), max_size=10))
def test_a_task_that_keeps_within_its_reservations_keeps_within_its_factor(
    factor: float, estimate: int, used: list[int]
) -> None:
    ledger = Ledger(limits=Limits(task_factor=factor))
    for tokens in used:
        found = ledger.reserve("A", Amount(tokens=estimate))
        if isinstance(found, Refusal):
            break
        ledger = found.settle("A", Amount(tokens=min(tokens, found.reserved["A"].tokens)))
    assert ledger.tasks.get("A", Amount()).tokens <= max(int(estimate * factor), 0)
