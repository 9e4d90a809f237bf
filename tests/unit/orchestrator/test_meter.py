"""Agents under way together: who has to end for a limit, and what is set aside meanwhile."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.admission.meter import Meter
from policy.budget import Amount, Cap, Ledger, Limits

CAP = 1_000


def _ledger(spent: int = 0) -> Ledger:
    return Ledger(limits=Limits(run=Cap(tokens=CAP)), run=Amount(tokens=spent))


@given(
    requests=st.lists(
        st.tuples(st.sampled_from("ABC"), st.integers(min_value=1, max_value=90)), max_size=200
    )
)
def test_a_limit_is_passed_by_one_request_of_each_at_most(requests: list[tuple[str, int]]) -> None:
    meter, used, ended = Meter(_ledger()), dict.fromkeys("ABC", 0), set()
    for task, tokens in requests:
        if task not in ended:
            used[task] += tokens
            if meter.look(task, Amount(tokens=used[task])) is not None:
                ended.add(task)
    assert sum(used.values()) <= CAP + 3 * 90
    if sum(used.values()) > CAP:
        assert ended


def test_who_had_to_end_may_not_begin_again_until_tomorrow() -> None:
    meter = Meter(_ledger(700))
    assert meter.look("A", Amount(tokens=100)) is None
    why = meter.look("A", Amount(tokens=250))
    assert why is not None
    assert "1,100 of 1,000 tokens" in why
    assert meter.ended("A") is not None
    assert meter.ended("B") is None
    meter.forget_ended()
    assert meter.ended("A") is None


def test_what_is_set_aside_grows_with_what_is_used() -> None:
    first = _ledger().reserve("A", Amount(tokens=100))
    assert isinstance(first, Ledger)
    meter = Meter(first)
    meter.look("A", Amount(tokens=600))
    grown = meter.grown(first)
    assert grown.reserved == {"A": Amount(tokens=600)}
    assert not isinstance(grown.reserve("B", Amount(tokens=500)), Ledger)
    meter.book(first, task="A")
    assert meter.grown(first) == first
