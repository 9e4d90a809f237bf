"""What rows wait for, and why: pure, of a plan and facts of the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.pause import Paused
from mission.elsewhere import HELD, Claimed, Elsewhere, RowsThere, RowThere
from mission.journal import Attempt, Event, Run, Step
from mission.journal.kinds import (
    DispatchBegan,
    GateAnswered,
    MergeAwaited,
    RemoteAway,
    RowWaits,
    StatusSet,
)
from mission.state import Status
from mission.waits import WaitsFor
from service.making import Known, make_standing
from service.record import Record
from service.standing import Standing
from tasks_md.graph import Graph
from tasks_md.holder import Holder
from tasks_md.parse import parse

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
RUN = Run(
    id=7,
    mission="M",
    host="here",
    pid=42,
    pid_started=1.0,
    engine_run=None,
    started=NOW,
    ended=None,
    outcome=None,
)
HOLDER = Holder(host="here", pid=42, since=NOW.isoformat(), command="mission run")
BEGAN = DispatchBegan(slots=2, all=True)


def later(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def plan(**statuses: str) -> Known:
    """A -> B, and C alone."""
    rows = "".join(
        f"| {name} | {statuses.get(name, 'not-started')} | Do {name} | {after} |  |\n"
        for name, after in (("A", "—"), ("B", "A"), ("C", "—"))
    )
    text = "## M (M)\n\n| id | status | description | depends_on | notes |\n|-|-|-|-|-|\n" + rows
    made = parse(text, path="TASKS.md")
    return Known(plan=made, graph=Graph.of(made), host="here")


def event(
    number: int,
    what: object,
    *,
    task: str | None = None,
    attempt: int | None = None,
    minutes: int = 1,
) -> Event:  # type: ignore[type-arg]  # of whatever kind it is given
    return Event(id=number, at=later(minutes), run=RUN.id, task=task, attempt=attempt, what=what)


def attempt(task: str, number: int = 1, step: Step = Step.STARTED) -> Attempt:
    return Attempt(
        id=number,
        run=RUN.id,
        task=task,
        number=1,
        agent="codex",
        branch=f"feat/{task}",
        base_commit=None,
        worktree=f"/w/{task}",
        log=None,
        step=step,
        said=None,
        end=None,
        approved=False,
        taken_up=False,
        head=None,
        squash=None,
        merge_base=None,
        started=NOW,
        ended=None,
        reason="",
        summary="",
        input_tokens=10,
        output_tokens=5,
        cached_tokens=0,
        cost_usd=None,
        session=None,
        exit_code=None,
        route="",
        stands_in=None,
        pid=None,
        pid_started=None,
    )


def at_work(known: Known, record: Record | None = None) -> Known:
    """A run is at work that starts all rows, two at once."""
    base = record or Record()
    began = base.dispatch or event(1, BEGAN, minutes=0)
    return replace(known, holder=HOLDER, record=replace(base, run=RUN, dispatch=began))


def first(standing: Standing, task: str) -> tuple[WaitsFor, str] | None:
    waits = standing.waits.get(task)
    return (waits[0].on, waits[0].why) if waits else None


def test_a_mission_that_never_ran_waits_for_a_run() -> None:
    standing = make_standing(plan())
    assert standing.run is None
    assert standing.stale_since is None
    assert first(standing, "A") == (WaitsFor.RUN, "no run is at work")
    assert first(standing, "B") == (WaitsFor.DEPENDENCY, "for A")
    assert standing.waits["B"][0].names == ("A",)


def test_what_a_row_depends_on_is_told_with_what_holds_it() -> None:
    standing = make_standing(plan(A="blocked"))
    assert first(standing, "B") == (WaitsFor.DEPENDENCY, "for A (blocked)")
    assert [(need.task, need.hint) for need in standing.people] == [
        ("A", "mission unblock A, once the reason is gone")
    ]


@pytest.mark.parametrize("status", ["needs-qa", "failed", "blocked"])
def test_who_waits_for_a_person_since_when(status: str) -> None:
    changed = StatusSet(old="in-progress", new=status, by="runner", reason="")
    record = Record(statuses={"A": event(3, changed, task="A", minutes=9)})
    standing = make_standing(replace(plan(A=status), record=record))
    (need,) = standing.people
    assert (need.task, need.status, need.since) == ("A", status, later(9))
    assert standing.since == {"A": later(9)}


def test_slots_are_taken_or_a_row_starts_next() -> None:
    known = plan(A="in-progress", B="in-progress")
    both = Record(attempts=(attempt("A", 1), attempt("B", 2)))
    standing = make_standing(at_work(known, both))
    assert first(standing, "C") == (WaitsFor.SLOT, "all 2 slots are taken")
    assert [one.live for one in standing.attempts] == [True, True]
    assert first(standing, "A") is None
    one = Record(attempts=(attempt("A", 1),))
    assert first(make_standing(at_work(plan(A="in-progress"), one)), "C") == (
        WaitsFor.SLOT,
        "it starts next",
    )


def test_an_attempt_that_waits_for_its_review_takes_no_slot() -> None:
    until = later(30).isoformat()
    word = RowWaits(on="reviewer", why="its review by opus", who="opus", until=until)
    record = Record(
        attempts=(attempt("A", 1, Step.VERIFIED), attempt("B", 2)),
        waits={"A": event(5, word, task="A")},
    )
    standing = make_standing(at_work(plan(A="in-progress", B="in-progress"), record))
    assert first(standing, "A") == (WaitsFor.REVIEWER, "its review by opus")
    assert standing.waits["A"][0].until == later(30)
    assert first(standing, "C") == (WaitsFor.SLOT, "it starts next")
    assert [one.live for one in standing.attempts] == [False, True]


def test_who_reviews_is_told() -> None:
    word = RowWaits(on="reviewer", why="opus reviews it", who="opus")
    record = Record(attempts=(attempt("A"),), waits={"A": event(5, word, task="A")})
    standing = make_standing(at_work(plan(A="in-progress"), record))
    assert standing.attempts[0].reviewer == "opus"
    assert standing.attempts[0].live


def test_a_gate_is_named_with_since_when_it_says_no() -> None:
    def said(gate: str, state: str, purpose: str = "push") -> GateAnswered:
        return GateAnswered(gate=gate, purpose=purpose, state=state, detail="CI runs")

    answers = [
        event(3, said("queue", "busy", "merge"), minutes=1),
        event(4, said("queue", "busy"), minutes=2),
        event(5, said("script", "clear"), minutes=3),
        event(6, said("queue", "clear"), minutes=3),
        event(7, said("queue", "busy"), minutes=4),
        event(8, said("script", "clear"), minutes=5),
        event(9, said("queue", "unknown"), minutes=5),
    ]
    record = Record(attempts=(attempt("A"),), gates={1: tuple(answers)})
    (wait,) = make_standing(at_work(plan(A="in-progress"), record)).waits["A"]
    assert (wait.on, wait.names, wait.since) == (WaitsFor.GATE, ("queue",), later(4))
    assert wait.why == "gate queue says unknown: CI runs"
    # The next round has begun, and the gate that holds it up is being asked.
    round_ = replace(record, gates={1: (*answers, event(10, said("script", "clear")))})
    assert make_standing(at_work(plan(A="in-progress"), round_)).waits["A"] == (wait,)
    cleared = replace(record, gates={1: (*answers, event(10, said("queue", "clear")))})
    assert "A" not in make_standing(at_work(plan(A="in-progress"), cleared)).waits


def test_the_merge_queue_has_positions() -> None:
    rows = ("C", "A", "B")
    record = Record(
        attempts=tuple(attempt(task, n, Step.PUSHED) for n, task in enumerate("ABC", start=1)),
        queued=tuple(
            event(
                10 + n,
                MergeAwaited(branch=f"feat/{task}"),
                task=task,
                attempt="ABC".index(task) + 1,
                minutes=n,
            )
            for n, task in enumerate(rows)
        ),
    )
    known = plan(A="in-progress", B="in-progress", C="in-progress")
    standing = make_standing(at_work(known, record))
    assert [(turn.position, turn.task) for turn in standing.merge_queue] == [
        (1, "C"),
        (2, "A"),
        (3, "B"),
    ]
    assert first(standing, "C") is None
    assert first(standing, "B") == (WaitsFor.MERGE, "its turn to merge, 3 of 3")
    assert standing.waits["B"][0].names == ("C", "A")
    landed = replace(record, attempts=(*record.attempts[:2], attempt("C", 3, Step.MERGED)))
    assert [turn.task for turn in make_standing(at_work(known, landed)).merge_queue] == ["A", "B"]
    assert make_standing(replace(known, record=record)).merge_queue == ()


def test_a_provider_that_rests_and_a_budget_outlive_the_run_that_met_them() -> None:
    budget = RowWaits(on="budget", why="A would bring this run to 2 of 1 tokens", who="run")
    retry = RowWaits(on="retry", why="its next try", until=later(3).isoformat())
    waits = {"A": event(5, budget, task="A"), "C": event(6, retry, task="C")}
    known = at_work(plan(), Record(waits=waits))
    assert first(make_standing(known), "A") == (WaitsFor.BUDGET, budget.why)
    assert first(make_standing(known), "C") == (WaitsFor.RETRY, retry.why)
    over = replace(known, holder=None)
    over = replace(over, record=replace(over.record, run=replace(RUN, ended=later(9))))
    assert first(make_standing(over), "A") == (WaitsFor.BUDGET, budget.why)
    assert [wait.on for wait in make_standing(over).waits["A"]][-1] is WaitsFor.RUN
    needs = [(need.task, need.why, need.hint) for need in make_standing(over).people]
    assert needs == [("A", budget.why, "mission run")]
    assert first(make_standing(over), "C") == (WaitsFor.RUN, "no run is at work")


def test_a_row_over_the_budget_needs_a_person_once_nothing_is_under_way() -> None:
    budget = RowWaits(on="budget", why="A would bring this run to 2 of 1 tokens", who="run")
    record = Record(waits={"A": event(5, budget, task="A")})
    assert [need.task for need in make_standing(at_work(plan(), record)).people] == ["A"]
    busy = replace(record, attempts=(attempt("C", 1),))
    assert make_standing(at_work(plan(C="in-progress"), busy)).people == ()


def test_what_was_said_before_the_run_began_anew_is_over() -> None:
    budget = RowWaits(on="budget", why="over")
    record = Record(waits={"A": event(5, budget, task="A")}, dispatch=event(6, BEGAN))
    assert first(make_standing(at_work(plan(), record)), "A") == (WaitsFor.SLOT, "it starts next")


def test_rows_that_the_run_was_not_asked_for_wait_for_another() -> None:
    only = event(1, DispatchBegan(slots=2, all=False, rows=("C",)), minutes=0)
    standing = make_standing(at_work(plan(), Record(dispatch=only)))
    assert first(standing, "A") == (WaitsFor.RUN, "the run at work was asked for other rows")
    assert first(standing, "C") == (WaitsFor.SLOT, "it starts next")


def test_a_pause_and_a_remote_that_is_away_are_told_first() -> None:
    paused = Paused(path=Path("p"), since=later(1), by="ann", reason="release")
    away = event(4, RemoteAway(away=True, text="the remote cannot be reached"), minutes=2)
    known = replace(at_work(plan(), Record(away=away)), paused=paused)
    waits = make_standing(known).waits["A"]
    assert [(wait.on, wait.since) for wait in waits] == [
        (WaitsFor.PAUSE, later(1)),
        (WaitsFor.REMOTE, later(2)),
    ]


def test_what_an_earlier_run_could_not_reach_says_nothing_about_this_one() -> None:
    away = event(4, RemoteAway(away=True, text="the remote cannot be reached"), minutes=-5)
    standing = make_standing(at_work(plan(), Record(away=away)))
    assert standing.away is None
    assert first(standing, "A") == (WaitsFor.SLOT, "it starts next")


def test_a_run_that_died_leaves_stale_knowledge_since_its_last_sign() -> None:
    record = Record(run=RUN, at=later(3), attempts=(attempt("A"),))
    known = replace(plan(A="in-progress"), record=record, outputs={1: later(5)})
    standing = make_standing(known)
    assert standing.stale_since == later(5)
    assert standing.run is not None
    assert (standing.run.alive, standing.run.ended) == (False, None)
    assert first(standing, "A") == (WaitsFor.RUN, "no run is at work")
    assert not standing.attempts[0].live
    ended = replace(record, run=replace(RUN, ended=later(4), outcome="stopped"))
    assert make_standing(replace(known, record=ended)).stale_since is None


def test_a_run_on_another_machine_is_neither_alive_nor_dead() -> None:
    known = at_work(replace(plan(), host="elsewhere"), Record(at=later(8)))
    run = make_standing(known).run
    assert run is not None
    assert (run.alive, run.host, run.last_sign) == (None, "here", later(8))
    assert run.at_work


def test_a_row_that_nobody_of_ours_began_waits_for_a_person() -> None:
    standing = make_standing(at_work(plan(A="in-progress")))
    assert first(standing, "A") == (WaitsFor.PERSON, "in progress, but not by this runner")
    assert [need.task for need in standing.people] == ["A"]


def test_a_milestone_waits_for_its_planner_until_it_is_planned() -> None:
    made = parse("## Milestone 2 — Later (N)\n\nGoal: more.\n", path="TASKS.md")
    word = RowWaits(on="provider", why="opus takes no work", who="opus", until=later(9).isoformat())
    record = Record(waits={"N": event(1, word, task="N")}, dispatch=event(2, BEGAN))
    standing = make_standing(at_work(Known(plan=made, graph=Graph.of(made), host="here"), record))
    (wait,) = standing.waits["N"]
    assert (wait.on, wait.names, wait.until) == (WaitsFor.PROVIDER, ("opus",), later(9))


STATUSES = st.sampled_from([str(status) for status in Status])
WORDS = st.sampled_from([*WaitsFor, "", "of a newer version"])


@given(
    statuses=st.fixed_dictionaries(dict.fromkeys("ABC", STATUSES)),
    under_way=st.sets(st.sampled_from("ABC")),
    words=st.dictionaries(st.sampled_from("ABC"), WORDS),
    running=st.booleans(),
    queued=st.permutations("ABC"),
)
def test_each_row_is_done_or_somebody_is_at_it_or_it_is_told_why_not(
    statuses: Mapping[str, str],
    under_way: set[str],
    words: Mapping[str, str],
    running: bool,
    queued: list[str],
) -> None:
    numbers = {task: number for number, task in enumerate("ABC", start=1)}
    record = Record(
        run=RUN,
        dispatch=event(1, BEGAN),
        attempts=tuple(attempt(task, numbers[task]) for task in sorted(under_way)),
        waits={task: event(5, RowWaits(on=on), task=task) for task, on in words.items()},
        queued=tuple(
            event(9, MergeAwaited(branch=None), task=task, attempt=numbers[task])
            for task in queued
            if task in under_way
        ),
    )
    known = replace(plan(**statuses), record=record, holder=HOLDER if running else None)
    standing = make_standing(known)
    live = {one.attempt.task for one in standing.attempts if one.live}
    for view in standing.overview.tasks:
        waits = standing.waits.get(view.task.id, ())
        if view.task.status == Status.DONE:
            assert waits == ()
        else:
            assert waits or view.task.id in live
            assert all(wait.why or words.get(view.task.id) for wait in waits)
    assert [turn.position for turn in standing.merge_queue] == list(
        range(1, len(standing.merge_queue) + 1)
    )
    assert make_standing(known) == standing


def far(*rows: RowThere, state: str = HELD, ours: bool = False) -> Elsewhere:
    """What was heard of another clone."""
    claim = Claimed(state=state, host="far", pid=7, sign=NOW)
    return Elsewhere(looked=NOW, claim=claim, ours=ours, there=RowsThere(rows=rows))


def test_what_another_clone_has_is_waited_for_there() -> None:
    under_way = RowThere(task="A", status="in-progress", attempt=2, agent="codex", step="verified")
    waiting = RowThere(task="C", status="needs-qa", why="look at the colours")
    made = make_standing(replace(plan(), elsewhere=far(under_way, waiting)))
    assert made.elsewhere is not None
    (first,) = made.waits["A"]
    assert (first.on, first.why) == (
        WaitsFor.CLONE,
        "far has it: attempt 2 by codex, verified",
    )
    assert made.waits["B"][0].on is WaitsFor.DEPENDENCY
    assert [(need.task, need.why, need.hint) for need in made.people] == [
        ("C", "look at the colours", "mission approve C, or mission reject C")
    ]


def test_a_row_that_another_clone_may_start_waits_for_it() -> None:
    made = make_standing(replace(plan(C="done"), elsewhere=far()))
    assert [(wait.on, wait.why) for wait in made.waits["A"]] == [
        (WaitsFor.CLONE, "far carries the mission out")
    ]


@pytest.mark.parametrize(
    "known",
    [
        replace(plan(), elsewhere=far(state="free")),
        replace(plan(), elsewhere=far(ours=True)),
        replace(plan(), elsewhere=far(), holder=HOLDER, record=Record(run=RUN)),
    ],
    ids=["given back", "ours", "a run is here"],
)
def test_what_no_other_clone_carries_out_is_not_waited_for_there(known: Known) -> None:
    made = make_standing(known)
    assert made.elsewhere is None
    assert {wait.on for wait in made.waits["A"]} == {WaitsFor.RUN}
