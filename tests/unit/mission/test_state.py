"""The state machine: what the table allows, and nothing else."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import TransitionError
from mission.state import TRANSITIONS, Actor, Status, targets, transition

statuses = st.sampled_from(Status)
actors = st.sampled_from(Actor)
workers = st.sampled_from((Actor.RUNNER, Actor.PERSON))

# The arrows of the design's drawing, by the names that people use.
DRAWN = {
    ("not-started", "in-progress"),
    ("not-started", "blocked"),
    ("in-progress", "done"),
    ("in-progress", "needs-qa"),
    ("in-progress", "failed"),
    ("in-progress", "blocked"),
    ("needs-qa", "done"),
    ("needs-qa", "not-started"),
    ("failed", "not-started"),
    ("blocked", "not-started"),
}


def test_every_drawn_arrow_is_there() -> None:
    assert {(t.source.value, t.target.value) for t in TRANSITIONS} >= DRAWN


def test_a_pair_of_statuses_has_one_meaning() -> None:
    pairs = [(t.source, t.target) for t in TRANSITIONS]
    assert len(pairs) == len(set(pairs))
    assert all(source is not target for source, target in pairs)
    assert all(t.actors for t in TRANSITIONS)


@given(statuses, statuses, actors)
def test_allowed_is_what_the_table_says_for_this_actor(
    source: Status, target: Status, actor: Actor
) -> None:
    allowed = any(
        t.source is source and t.target is target and actor in t.actors for t in TRANSITIONS
    )
    assert (target in targets(source, actor)) == allowed
    if allowed:
        found = transition("T-1", source, target, actor)
        assert (found.source, found.target) == (source, target)
        return
    with pytest.raises(TransitionError) as caught:
        transition("T-1", source, target, actor)
    assert caught.value.message == f"T-1 is {source} and cannot be set to {target}"
    assert caught.value.hint


def test_a_refusal_names_what_is_allowed() -> None:
    with pytest.raises(TransitionError, match="not-started") as caught:
        transition("T-1", Status.FAILED, Status.DONE, Actor.PERSON)
    assert caught.value.exit_code == 1
    with pytest.raises(TransitionError) as caught:
        transition("T-1", Status.DONE, Status.FAILED, Actor.RUNNER)
    assert caught.value.hint.startswith("What is done stays done")


def test_a_person_lets_finished_work_through_by_approval_only() -> None:
    with pytest.raises(TransitionError) as caught:
        transition("T-1", Status.NEEDS_QA, Status.DONE, Actor.PERSON)
    assert "mission approve T-1" in caught.value.hint


def test_done_is_the_end_but_for_a_revert() -> None:
    assert not targets(Status.DONE, Actor.RUNNER)
    assert not targets(Status.DONE, Actor.PERSON)
    assert targets(Status.DONE, Actor.FACTS) == (Status.NOT_STARTED,)


def test_facts_prove_that_work_is_merged_and_nothing_else() -> None:
    for source in set(Status) - {Status.DONE}:
        assert targets(source, Actor.FACTS) == (Status.DONE,)


def test_every_status_is_reached_and_none_is_a_dead_end() -> None:
    edges = {(t.source, t.target) for t in TRANSITIONS}
    for source, target in product(Status, (Status.NOT_STARTED, Status.DONE)):
        if source is not Status.DONE:
            assert target in _reachable(source, edges)
    assert _reachable(Status.NOT_STARTED, edges) == set(Status)


def test_what_a_runner_cannot_leave_a_person_can() -> None:
    for source in set(Status) - {Status.DONE}:
        assert targets(source, Actor.PERSON), source


def _reachable(start: Status, edges: set[tuple[Status, Status]]) -> set[Status]:
    found = {start}
    while more := {b for a, b in edges if a in found} - found:
        found |= more
    return found


@given(st.lists(st.tuples(statuses, workers), max_size=40))
def test_no_walk_reaches_done_past_a_waiting_person(steps: list[tuple[Status, Actor]]) -> None:
    """From needs-qa a task is done only by the runner's merge, or by being done anew."""
    status = Status.NEEDS_QA
    redone = False
    for target, actor in steps:
        if target not in targets(status, actor):
            continue
        if status is Status.NEEDS_QA and target is Status.DONE:
            assert transition("T", status, target, actor).name == "merge"
            assert actor is Actor.RUNNER
        elif target is Status.DONE:
            assert redone
        redone = redone or target is Status.NOT_STARTED
        status = target
