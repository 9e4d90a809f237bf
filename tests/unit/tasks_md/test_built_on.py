"""From which version our own copy of the task file goes on."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_md.model import STATUSES, Plan
from tasks_md.parse import parse
from tasks_md.rebase import built_on, rebase
from tests.scratch import HEADER, row

statuses = st.sampled_from(sorted(STATUSES))
NAMES = ("A", "B", "C")


def plan(*said: str) -> Plan:
    rows = (row(name, status=status) for name, status in zip(NAMES, said, strict=False))
    return parse(HEADER + "".join(rows), path="TASKS.md")


def taken_in(old: Plan, own: Plan, ours: Plan, said: Mapping[str, str]) -> list[str]:
    """What our copy says once the checkout has our own commit."""
    base = parse(built_on(old, own, ours, said), path="TASKS.md")
    text = rebase(base, ours, own, lambda *_: None)
    return [task.status for task in parse(text, path="TASKS.md").tasks]


def test_a_copy_that_went_on_stays_as_it_is() -> None:
    """Killed while the file was further on than what was pushed."""
    old, own = plan("not-started", "not-started"), plan("in-progress", "in-progress")
    assert taken_in(old, own, plan("done", "in-progress"), {}) == ["done", "in-progress"]
    assert taken_in(old, own, plan("not-started", "in-progress"), {}) == [
        "not-started",  # as a person set it by hand
        "in-progress",
    ]


@pytest.mark.parametrize(("last", "then"), [("failed", "failed"), ("not-started", "not-started")])
def test_a_copy_as_it_was_before_is_put_back_or_retried(last: str, then: str) -> None:
    old, own = plan("not-started"), plan("failed")
    assert taken_in(old, own, plan("not-started"), {"A": last}) == [then]


@given(*(st.tuples(statuses, statuses, statuses) for _ in range(3)))
def test_nothing_that_was_said_last_is_lost(
    first: tuple[str, ...], second: tuple[str, ...], third: tuple[str, ...]
) -> None:
    """Whatever was committed and pushed, the copy that goes on from it with the journal's word for
    each row stays as it is; and one that was put back becomes what was pushed."""
    old, own, ours = plan(*first), plan(*second), plan(*third)
    assert taken_in(old, own, ours, dict(zip(NAMES, third, strict=True))) == list(third)
    pushed = dict(zip(NAMES, second, strict=True))
    assert taken_in(old, own, old, pushed) == list(second)
