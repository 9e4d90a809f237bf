"""What earlier runs left, with the shipped fakes: no git, no files, no processes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from mission.journal import Attempt, End, RequestKind, Step
from orchestrator.publishing.issues import IssueBook
from orchestrator.recovery.proving import Proving
from orchestrator.recovery.recovery import Recovery
from policy.merged import Merge
from tests.unit.orchestrator.in_memory import InMemory, table
from workspace.redact import Redactor

FINISHED = (Step.ANSWERED, Step.WORKED, Step.VERIFIED, Step.PUSHED)


@dataclass(kw_only=True)
class Base:
    """The fake of what the base holds."""

    merges: dict[str, Merge] = field(default_factory=dict)

    def merged(self, tasks: Collection[str]) -> Mapping[str, Merge]:
        return {task: merge for task, merge in self.merges.items() if task in tasks}


@dataclass(kw_only=True)
class AfterACrash:
    """A mission whose last run died, and the next one's look at it."""

    mission: InMemory
    base: Base = field(default_factory=Base)
    cleared: list[int] = field(default_factory=list)

    def recover(self) -> tuple[Attempt, ...]:
        mission = self.mission
        proving = Proving(
            landed=self.base,
            journal=mission.journal,
            display=mission.display,
            issues=lambda plan: IssueBook(
                None,
                plan,
                task_file="TASKS.md",
                journal=mission.journal,
                redactor=Redactor([]),
                display=mission.display,
            ),
            clear=lambda attempt: self.cleared.append(attempt.id),
            base="main",
        )
        recovery = Recovery(proving=proving, journal=mission.journal, display=mission.display)
        recovery.end_crashed_runs()
        return recovery.reconcile(mission.board).left


def _under_way(status: str = "in-progress") -> tuple[AfterACrash, Attempt]:
    """A row with an attempt that a crash left open."""
    mission = InMemory(text=table(("A", ""), status=status))
    attempt = mission.dispatcher.start(mission.board.plan.task("A"))
    return AfterACrash(mission=mission), attempt


def test_an_attempt_whose_agent_was_cut_off_is_given_back() -> None:
    crash, _ = _under_way()
    assert crash.recover() == ()
    assert crash.mission.statuses() == {"A": "not-started"}
    assert [one.end for one in crash.mission.attempts("A")] == [End.INTERRUPTED]


@pytest.mark.parametrize("step", FINISHED)
def test_finished_work_is_carried_on_from_its_step(step: Step) -> None:
    crash, attempt = _under_way()
    for before in FINISHED[: FINISHED.index(step) + 1]:
        crash.mission.journal.advance_attempt(attempt.id, before)
    assert [(one.task, one.step) for one in crash.recover()] == [("A", step)]
    assert crash.mission.statuses() == {"A": "in-progress"}


def test_a_row_that_the_base_holds_is_done_and_its_worktree_goes() -> None:
    crash, attempt = _under_way()
    merge = Merge(
        commit="c" * 40,
        task="A",
        attempt=str(attempt.number),
        mission="TASKS.md",
        at=crash.mission.clock.now(),
    )
    crash.base.merges["A"] = merge
    assert crash.recover() == ()
    assert crash.mission.statuses() == {"A": "done"}
    assert crash.cleared == [attempt.id]
    assert not crash.mission.journal.open_attempts()


def test_a_row_in_progress_without_an_attempt_of_ours_is_left_alone() -> None:
    crash = AfterACrash(mission=InMemory(text=table(("A", ""), status="in-progress")))
    assert crash.recover() == ()
    assert crash.mission.statuses() == {"A": "in-progress"}
    assert "not by this runner" in crash.mission.display.said[-1]


def test_a_request_that_nobody_answered_stays_for_the_loop() -> None:
    crash, _ = _under_way("failed")
    crash.mission.journal.submit_request(RequestKind.RETRY, "A", by="somebody@here")
    crash.recover()
    assert crash.mission.statuses() == {"A": "failed"}
    assert len(crash.mission.journal.pending_requests()) == 1
