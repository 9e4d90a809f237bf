"""What becomes of attempts: every step, every status, every word."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mission.journal import Attempt, End, Step
from mission.outcome import Outcome
from mission.state import Status
from mission.steps import ENDS, NEXT, TAKEN_UP, outcome_of
from policy.attempt import (
    AFTER_CRASH,
    Crash,
    Turn,
    after_crash,
    by_person,
    is_delivered,
    is_finished,
    is_fresh,
    is_resumed,
    keeps_approval,
    may_be_approved,
)

OPEN = [step for step in Step if step is not Step.ENDED]
FINISHED = [step for step in Step if AFTER_CRASH[step] is Crash.GO_ON]


def attempt(step: Step, **changed: object) -> Attempt:
    """The first one at a row, as the journal would have it."""
    one = Attempt(
        step=step, said=None, end=None, approved=False, taken_up=False, id=1, run=1, task="A",
        number=1, agent="worker", branch="feat/a", base_commit="b", worktree="/w", log=None,
        head=None, squash=None, merge_base=None, started=datetime(2026, 1, 1, tzinfo=UTC),
        ended=None, reason="", summary="", input_tokens=0, output_tokens=0, cached_tokens=0,
        cost_usd=None, session=None, exit_code=None, route="", stands_in=None, pid=None,
        pid_started=None,
    )  # fmt: skip
    return replace(one, **changed)  # type: ignore[arg-type]  # fields by name, as a test has them


def test_every_step_is_in_every_table_and_leads_to_an_end() -> None:
    assert NEXT.keys() == ENDS.keys() == AFTER_CRASH.keys() == set(Step)
    for step in OPEN:
        assert ENDS[step] >= {End.HELD_UP, End.SUPERSEDED, End.INTERRUPTED}
    reached = {Step.STARTED}
    while more := {after for step in reached for after in NEXT[step]} - reached:
        reached |= more
    assert reached == set(OPEN)
    assert {end for step in OPEN for end in ENDS[step]} == set(End)


def test_the_page_about_the_architecture_has_the_table() -> None:
    page = Path(__file__).parents[3] / "docs" / "architecture.md"
    rows = re.findall(
        r"^\| `([a-z]+)` \| .*? \| (.*?)\| ([a-z-]+) \|$", page.read_text(), re.MULTILINE
    )
    told = {step: (set(re.findall(r"`(.+?)`", after)), crash) for step, after, crash in rows}
    assert told == {
        step.value: ({after.value for after in NEXT[step]}, AFTER_CRASH[step].value)
        for step in Step
    }


def test_nothing_leads_back_before_the_work_of_the_agent() -> None:
    """Once an agent has finished, no move within the attempt asks it again."""
    for step in FINISHED:
        assert NEXT[step] <= set(FINISHED)
        assert TAKEN_UP.get(step, frozenset()) <= set(FINISHED)
    assert TAKEN_UP.keys().isdisjoint({Step.STARTED, Step.UNFINISHED, Step.ANSWERED})
    assert TAKEN_UP[Step.ENDED] == {Step.ANSWERED, Step.WORKED, Step.MERGED}


def test_what_a_crash_leaves_while_the_row_is_in_progress() -> None:
    told = {step: after_crash(attempt(step), Status.IN_PROGRESS) for step in OPEN}
    assert told == {
        Step.STARTED: End.INTERRUPTED,
        Step.UNFINISHED: End.AS_SAID,
        **dict.fromkeys(FINISHED, Turn.NOW),
    }


@pytest.mark.parametrize("step", FINISHED)
def test_finished_work_waits_for_its_row_or_ends_as_the_row_says(step: Step) -> None:
    one = attempt(step, said=Outcome.SUCCESS)
    told = {row: after_crash(one, row) for row in (*Status, None)}
    assert told == {
        Status.NOT_STARTED: Turn.IN_TURN,
        Status.IN_PROGRESS: Turn.NOW,
        Status.DONE: End.SUCCESS,
        Status.NEEDS_QA: End.NEEDS_QA,
        Status.BLOCKED: End.HELD_UP,
        Status.FAILED: End.FAILED,
        None: End.AS_SAID,
    }
    assert after_crash(one, Status.NOT_STARTED, set_back=True) is End.AS_SAID
    approved = replace(one, approved=True)
    assert after_crash(approved, Status.NEEDS_QA) is Turn.NOW
    assert after_crash(approved, None) is End.INTERRUPTED


@pytest.mark.parametrize("step", OPEN)
def test_what_a_person_sets_back_is_over_but_for_what_was_blocked(step: Step) -> None:
    one = attempt(step, said=Outcome.SUCCESS)
    told = {before: by_person(one, before, Status.NOT_STARTED) for before in Status}
    finished = is_finished(one)
    assert told == {
        Status.NOT_STARTED: None,
        Status.IN_PROGRESS: End.AS_SAID if finished else None,
        Status.NEEDS_QA: End.NEEDS_QA if finished else None,
        Status.FAILED: End.FAILED if finished else None,
        Status.BLOCKED: None,
        Status.DONE: None,
    }
    assert by_person(one, Status.NEEDS_QA, Status.BLOCKED) is None
    for end in told.values():
        assert end is None or end in ENDS[step]


@pytest.mark.parametrize("row", [*Status, None])
def test_what_recovery_decides_may_follow(row: Status | None) -> None:
    for step in OPEN:
        for said in (None, Outcome.SUCCESS):
            for set_back in (False, True):
                told = after_crash(attempt(step, said=said), row, set_back=set_back)
                assert isinstance(told, Turn) or told in ENDS[step]


def test_an_approval_holds_while_the_row_waits_for_it() -> None:
    one = attempt(Step.WORKED, approved=True)
    assert [row for row in Status if keeps_approval(one, row)] == [Status.NEEDS_QA]
    assert not keeps_approval(attempt(Step.WORKED), Status.NEEDS_QA)


def test_only_work_can_be_approved() -> None:
    assert may_be_approved(attempt(Step.ENDED, head="h"))
    assert not may_be_approved(attempt(Step.ENDED))


def test_held_up_work_is_delivered_to_the_branch_and_by_the_agent_of_its_row() -> None:
    one = attempt(Step.ENDED, end=End.HELD_UP, said=Outcome.SUCCESS, head="h")
    assert is_delivered(one, "feat/a", "worker")
    assert not is_delivered(one, "feat/b", "worker")
    assert not is_delivered(one, "feat/a", "other")
    assert is_delivered(replace(one, stands_in="other"), "feat/a", "other")
    assert is_delivered(replace(one, end=End.BY_PERSON), "feat/a", "worker")
    assert is_delivered(replace(one, branch=None), None, "worker")
    # Not committed yet: it is in the folder, if that is on this machine.
    left = replace(one, head=None, worktree="w")
    assert is_delivered(left, "feat/a", "worker")
    assert not is_delivered(replace(left, worktree=None), "feat/a", "worker")
    assert not is_delivered(replace(left, said=None), "feat/a", "worker")
    assert not is_delivered(replace(left, said=Outcome.QUOTA), "feat/a", "worker")
    # The agent's own word that something is missing is no finished work.
    assert not is_delivered(replace(one, end=End.AS_SAID), "feat/a", "worker")


def test_an_open_attempt_is_delivered_once_its_agent_has_finished() -> None:
    assert [step for step in OPEN if is_delivered(attempt(step), None, "other")] == FINISHED


def test_a_session_is_resumed_after_what_may_pass_and_what_is_sent_back() -> None:
    assert is_resumed(attempt(Step.ENDED, end=End.REVIEW, said=Outcome.SUCCESS))
    assert is_resumed(attempt(Step.ENDED, end=End.AS_SAID, said=Outcome.QUOTA))
    assert is_resumed(attempt(Step.ENDED, end=End.STOPPED))
    assert is_resumed(attempt(Step.ENDED, end=End.BY_PERSON))
    assert not is_resumed(attempt(Step.ENDED, end=End.AS_SAID, said=Outcome.CRASHED))
    assert not is_resumed(attempt(Step.ENDED, end=End.HELD_UP, said=Outcome.QUOTA))
    assert not is_resumed(attempt(Step.ENDED, end=End.NEEDS_QA, said=Outcome.NEEDS_QA))


def test_work_is_fresh_until_somebody_may_have_changed_its_branch() -> None:
    assert is_fresh(attempt(Step.WORKED))
    assert not is_fresh(attempt(Step.WORKED, taken_up=True))
    assert not is_fresh(attempt(Step.VERIFIED))


def test_people_are_told_of_ends_as_ever() -> None:
    told = {end: attempt(Step.ENDED, end=end, said=Outcome.QUOTA).outcome for end in End}
    others = {End.AS_SAID: "quota", End.HELD_UP: "blocked", End.BY_PERSON: "stopped"}
    assert told == {end: end.value for end in End} | others
    assert attempt(Step.WORKED, said=Outcome.SUCCESS).outcome == "success"
    assert attempt(Step.WORKED, said=Outcome.NEEDS_QA, approved=True).outcome is None
    assert attempt(Step.STARTED).outcome is None
    assert outcome_of(End.REVIEW, Outcome.SUCCESS) is None
    assert attempt(Step.UNFINISHED, said=Outcome.QUOTA).stage == "started"
    # Other programs are given plain texts, whatever they make of an enumeration.
    given = attempt(Step.ENDED, end=End.HELD_UP).facts()
    assert {type(given["stage"]), type(given["outcome"])} == {str}
