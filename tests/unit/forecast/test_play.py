"""Plays: the runner's own order, slots, queue, retries and budgets, on a clock nobody waits for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.outcome import Outcome, play
from forecast.play import Play
from forecast.scene import Course, Reviewing, Scene
from forecast.setting import WhatIf
from mission import outcome
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.ends import TaskEnd
from policy.batch import StepState
from policy.budget import Scope
from tests.unit.forecast.real_runs import longest_path
from tests.unit.forecast.scenes import NOW, scene
from tests.unit.orchestrator.in_memory import InMemory, done, table


def certain(made: Scene) -> Scene:
    """The same where everything takes what is expected, and nothing goes wrong."""
    flat = (1.0,) * 512
    return replace(
        made,
        pools=tuple(replace(one, time_doubt=0.0, token_doubt=0.0) for one in made.pools),
        checks=replace(
            made.checks,
            deliveries=flat,
            squashes=flat,
            landings=flat,
            red_branch=0.0,
            red_merge=0.0,
            conflict=0.0,
        ),
        courses={
            name: replace(
                course,
                stints={
                    agent: replace(stint, times=flat, uses=flat, odds=(), trouble=0.0)
                    for agent, stint in course.stints.items()
                },
            )
            for name, course in made.courses.items()
        },
    )


def once(made: Scene) -> Outcome:
    """It, played once."""
    return play(certain(made), plays=1, seed=1)


ALONE = table(*((f"R{n}", "") for n in range(8)))


@given(
    edges=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=16),
    done_before=st.sets(st.integers(0, 9), max_size=2),
)
@settings(max_examples=30)
def test_rows_begin_in_the_order_in_which_the_real_loop_begins_them(
    edges: list[tuple[int, int]], done_before: set[int]
) -> None:
    after = {n: sorted({a for a, b in edges if b == n and a < b}) for n in range(10)}
    text = table(*((f"R{n}", ", ".join(f"R{a}" for a in after[n])) for n in range(10)))
    for n in done_before:
        text = text.replace(f"| R{n} | not-started", f"| R{n} | done")
    begun: list[str] = []

    def carry_out(assignment: Assignment) -> TaskEnd:
        begun.append(assignment.task.id)
        return done(assignment)

    InMemory(text=text, carry_out=carry_out, slots=1).run()
    made = certain(scene(text, {"max_parallel": 1}))
    played = Play(made, Random(1)).play()  # noqa: S311 - no secrets
    assert sorted(played.begins, key=played.begins.__getitem__) == begun


def test_rows_share_slots() -> None:
    one = once(scene(ALONE, {"max_parallel": 1})).seconds.p50
    two = once(scene(ALONE, {"max_parallel": 2})).seconds.p50
    assert one == pytest.approx(8 * 113)  # work, delivery and landing, one after the other
    assert 4 * 105 < two < one / 2 + 8 * 8  # but for landings, which wait for each other


def test_rows_land_one_by_one_which_no_critical_path_tells() -> None:
    made = scene(ALONE, {"max_parallel": 8})
    made = replace(made, checks=replace(made.checks, landing=600.0))
    found = once(made).seconds.p50
    path = longest_path(certain(made), Random(1))  # noqa: S311 - no secrets
    assert found == pytest.approx(105 + 8 * 600)
    assert path == pytest.approx(105 + 600)


def test_what_waits_together_lands_together_in_batches() -> None:
    config: dict[str, object] = {
        "max_parallel": 8,
        "verify": [{"name": "tests", "run": ["true"], "on": ["merged"]}],
    }
    serial = once(scene(ALONE, config)).seconds.p50
    batch = once(scene(ALONE, config, what_if=WhatIf(strategy="batch"))).seconds.p50
    assert serial > batch + 3 * 45  # verified once for several rows


def test_a_row_on_the_critical_path_is_one_that_others_waited_for() -> None:
    text = table(("A", ""), ("B", "A"), ("C", "B"), ("D", ""))
    found = once(scene(text, {"max_parallel": 2}))
    assert {row.task: row.critical for row in found.rows} == {"A": 1, "B": 1, "C": 1, "D": 0}
    alone = once(scene(text, {"max_parallel": 1}))  # D, last, waited for the slot alone
    assert {row.task for row in alone.rows if row.critical} == {"A", "B", "C", "D"}


def test_the_same_scene_and_seed_give_the_same_outcome() -> None:
    made = scene(ALONE)
    assert play(made, plays=50, seed=3) == play(made, plays=50, seed=3)
    assert play(made, plays=50, seed=3) != play(made, plays=50, seed=4)


def test_rows_can_be_left_out_and_agents_swapped() -> None:
    text = table(("A", ""), ("B", "A"), ("C", "B"))
    without = scene(text, what_if=WhatIf(without=frozenset({"B"})))
    assert set(without.courses) == {"A", "C"}
    assert once(without).seconds.p50 < once(scene(text)).seconds.p50
    swapped = scene(text, what_if=WhatIf(agents={"worker": "codex"}))
    assert {course.carrier for course in swapped.courses.values()} == {"codex"}


def test_who_is_swapped_stands_in_for_nobody_either() -> None:
    agents = {
        "worker": {"type": "command", "run": ["true"], "fallback": "second"},
        "second": {"type": "command", "run": ["true"]},
        "third": {"type": "command", "run": ["true"], "fallback": "second"},
    }
    swaps = WhatIf(agents={"second": "third"})
    made = scene(table(("A", "")), {"agents": agents}, what_if=swaps)
    stints = made.courses["A"].stints
    assert list(stints) == ["worker", "third"]
    assert [one.fallback for one in stints.values()] == ["third", None]
    found = play(_limited(certain(made), fallback="third"), plays=1, seed=1)
    assert found.left == 0
    assert found.seconds.p50 < 3_600


def test_rows_that_a_run_is_not_for_are_not_played() -> None:
    text = table(("A", ""), ("B", ""), ("C", "")).replace("| B | not-started", "| B | in-progress")
    text = text.replace("| C | not-started", "| C | needs-qa")
    made = certain(scene(text, selected=frozenset({"A"})))
    played = Play(made, Random(1)).play()  # noqa: S311 - no secrets
    assert set(played.ends) == {"A"}
    assert (played.left, played.approvals) == ((), 0)


def test_the_chance_to_reach_a_budget_is_told_and_what_comes_behind_it_too() -> None:
    tight = scene(ALONE, {"budget": {"mission": {"tokens": 2_000}}})
    found = play(tight, plays=40, seed=1)
    assert found.budgets == {Scope.MISSION: 1.0}
    assert found.left == 0  # a person raises it
    assert found.runs.p50 >= 2
    wide = play(scene(ALONE, {"budget": {"mission": {"tokens": 900_000}}}), plays=40, seed=1)
    assert wide.budgets == {}


def test_a_budget_of_the_day_is_waited_for() -> None:
    made = certain(scene(ALONE, {"budget": {"day": {"tokens": 4_000}}}))
    found = play(made, plays=1, seed=1)
    midnight = timedelta(hours=12).total_seconds()
    assert found.seconds.p50 > midnight
    assert found.budgets == {Scope.DAY: 1.0}


def test_as_many_days_are_waited_for_as_it_takes_and_none_for_what_no_day_has() -> None:
    text = table(*((f"R{n}", "") for n in range(60)))
    found = play(certain(scene(text, {"budget": {"day": {"tokens": 1_000}}})), plays=1, seed=1)
    assert found.left == 0
    assert found.seconds.p50 > 58 * 86_400
    never = play(certain(scene(text, {"budget": {"day": {"tokens": 900}}})), plays=1, seed=1)
    assert never.left == 1


def test_a_row_that_reaches_its_own_limit_is_ended_and_a_person_lifts_that() -> None:
    made = certain(scene(ALONE, {"budget": {"task_factor": 1.5}, "max_parallel": 8}))
    thrice = {
        name: replace(
            course,
            stints={agent: replace(one, uses=(3.0,) * 512) for agent, one in course.stints.items()},
        )
        for name, course in made.courses.items()
    }
    found = play(replace(made, courses=thrice), plays=1, seed=1)
    assert found.budgets == {Scope.TASK: 1.0}
    assert (found.left, found.decisions.p50) == (0, 8)
    assert found.tokens.p50 == 8 * (1_500 + 3_000)  # the first attempts were cut off
    assert found.seconds.p50 == pytest.approx(50 + 105 + 8 * 8)
    assert play(made, plays=1, seed=1).budgets == {}


def _limited(made: Scene, *, fallback: str | None) -> Scene:
    """One whose first attempts all meet a quota."""
    return replace(
        made,
        courses={
            name: replace(
                course,
                stints={
                    agent: replace(
                        stint,
                        odds=((1.0, outcome.Outcome.QUOTA),) if agent == "worker" else (),
                        trouble=float(agent == "worker"),
                        fallback=fallback,
                        limits=(3_600.0,),
                    )
                    for agent, stint in course.stints.items()
                },
            )
            for name, course in made.courses.items()
        },
    )


def test_who_stands_in_takes_over_while_a_quota_is_used_up() -> None:
    agents = {
        "worker": {"type": "command", "run": ["true"], "fallback": "second"},
        "second": {"type": "command", "run": ["true"]},
    }
    made = certain(scene(table(("A", ""), ("B", "A")), {"agents": agents}))
    found = play(_limited(made, fallback="second"), plays=1, seed=1)
    assert found.left == 0
    assert found.seconds.p50 < 3_600


def test_without_anybody_to_stand_in_the_quota_is_waited_for() -> None:
    made = certain(scene(table(("A", ""))))
    found = play(_limited(made, fallback=None), plays=1, seed=1)
    assert found.seconds.p50 > 3_600


def test_people_are_counted_and_their_time_is_not() -> None:
    text = table(("A", ""), ("B", "")).replace("| B | not-started", "| B | failed")
    found = once(scene(text, {"qa": [{"match": {}}], "max_parallel": 2}))
    assert (found.approvals.p50, found.decisions.p50) == (2, 1)
    assert found.seconds.p50 == pytest.approx(105 + 2 * 8)


def test_reviews_take_their_time_and_send_work_back() -> None:
    config: dict[str, object] = {
        "agents": {
            name: {"type": "command", "run": ["true"], "model": name}
            for name in ("worker", "judge")
        },
        "review": [{"by": ["judge"], "rounds": 2}],
    }
    made = certain(scene(table(("A", "")), config))
    course = made.courses["A"]
    asked = course.review
    assert asked is not None
    judged = {
        name: replace(stint, times=(1.0,) * 512, uses=(1.0,) * 512)
        for name, stint in asked.stints.items()
    }

    def judging(passes: float) -> Outcome:
        review = replace(asked, stints=judged, passes=passes)
        return play(replace(made, courses={"A": replace(course, review=review)}), plays=1, seed=1)

    assert judging(1.0).seconds.p50 == pytest.approx(113 + 140, abs=1)
    twice = judging(0.0)
    assert twice.approvals.p50 == 1  # the rounds have run out
    assert twice.seconds.p50 == pytest.approx(113 + 105 + 2 * 140, abs=1)


_JUDGED: dict[str, object] = {
    "agents": {
        name: {"type": "command", "run": ["true"], "model": name} for name in ("worker", "judge")
    },
    "review": [{"by": ["judge"], "rounds": 2}],
    "max_parallel": 10,
}


def _passing(made: Scene) -> Scene:
    """The same where each review passes, and takes what is expected."""
    flat = (1.0,) * 512
    return replace(
        made,
        courses={
            name: replace(
                course,
                review=replace(
                    course.review,
                    passes=1.0,
                    stints={
                        who: replace(one, times=flat, uses=flat)
                        for who, one in course.review.stints.items()
                    },
                ),
            )
            for name, course in made.courses.items()
            if course.review is not None
        },
    )


def test_a_person_looks_though_a_review_has_passed() -> None:
    text = table(*((f"R{n}", "") for n in range(10)))
    found = play(_passing(certain(scene(text, _JUDGED | {"qa": [{"match": {}}]}))), plays=1, seed=1)
    assert (found.approvals.p50, found.decisions.p50) == (10, 0)


def test_what_a_conflict_made_other_work_of_is_reviewed_again() -> None:
    made = _passing(certain(scene(table(("A", "")), _JUDGED | {"merge": {"repair": True}})))
    conflict = replace(made, checks=replace(made.checks, conflict=1.0))
    once_only = _Conflicting(conflict, Random(1))  # noqa: S311 - no secrets
    played = once_only.play()
    assert (played.decisions, played.approvals) == (0, 0)  # its agent settles it
    assert once_only.reviews == 2


class _Conflicting(Play):
    """A play in which the first merge meets a conflict, and which counts reviews."""

    reviews = 0

    def _review(self, task: str, course: Course, review: Reviewing, reviewer: str) -> None:
        self.reviews += 1
        super()._review(task, course, review, reviewer)

    def _returned(self, task: str, why: StepState) -> None:
        self._queue._checks = replace(self._queue._checks, conflict=0.0)
        super()._returned(task, why)


def test_a_mission_without_open_rows_takes_no_time() -> None:
    found = play(scene(table(("A", ""), status="done")), plays=5, seed=1)
    assert found.rows == ()
    assert found.seconds.p95 == 0
    assert NOW.tzinfo is not None
