"""Where a run left the rows that it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from errors import BudgetError, StoppedError
from mission.state import Status
from orchestrator.loop.board import Board
from policy.budget import Refusal, Scope
from workspace.process import Stop


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEnd:
    """Where a run left the rows that it was asked for."""

    counts: Mapping[str, int]  # rows by status
    failed: tuple[str, ...]
    blocked: tuple[str, ...]
    needs_qa: tuple[str, ...]
    in_progress: tuple[str, ...]  # left in somebody else's hands, or for the next run
    waiting: Mapping[str, tuple[str, ...]]  # rows not started -> what they wait for
    over_budget: Mapping[str, str]  # rows and plannings that a limit held back -> what to do
    given_up: Mapping[str, str]  # rows that no provider took for as long as the patience lasts
    undone: tuple[str, ...]  # rows that are not done though no person is to look at anything first
    missing: tuple[str, ...]  # jobs that the engine's record does not hold
    stopped: str  # why the run was stopped; empty if it was not
    interrupted: bool  # a person stopped it, not the run itself
    broken: tuple[str, ...]  # what a person broke meanwhile in plan or settings, and did not mend
    behind: str  # what keeps the checkout behind the base, and what to do; empty: nothing does
    unplanned: str = ""  # the placeholder whose time has come; empty: there is none

    @property
    def exit_code(self) -> int:
        """0: every row asked for is done, or waits for a person's approval, its own or that of a
        row before it; 130: a person stopped the run; 1: something else is left, or what stopped
        the run is to be mended first."""
        if self.interrupted:
            return StoppedError.exit_code
        return 1 if self.stopped or self.undone or self.over_budget else 0


def run_end(
    board: Board,
    selected: frozenset[str] | None,
    stop: Stop,
    refused: Mapping[str, Refusal | BudgetError],
) -> RunEnd:
    asked = [task.id for task in board.plan.tasks if selected is None or task.id in selected]
    left = _undone(board)
    told: dict[bool, dict[str, str]] = {True: {}, False: {}}  # by whether a provider is the reason
    for task, one in refused.items():
        provider = isinstance(one, Refusal) and one.scope is Scope.PROVIDER
        told[provider][task] = f"{one.message}. {one.hint}"
    by_status: dict[Status, list[str]] = {}
    for task in asked:
        by_status.setdefault(board.statuses[task], []).append(task)
    return RunEnd(
        counts={str(status): len(tasks) for status, tasks in by_status.items()},
        failed=tuple(by_status.get(Status.FAILED, ())),
        blocked=tuple(by_status.get(Status.BLOCKED, ())),
        needs_qa=tuple(by_status.get(Status.NEEDS_QA, ())),
        in_progress=tuple(by_status.get(Status.IN_PROGRESS, ())),
        waiting={
            task: tuple(board.graph.waiting_on(task, board.statuses))
            for task in by_status.get(Status.NOT_STARTED, ())
        },
        over_budget=told[False],
        given_up=told[True],
        undone=tuple(task for task in asked if task in left),
        missing=(),  # it is asked for once the mission is free
        stopped=stop.reason if stop.requested else "",
        interrupted=stop.interrupted,
        broken=(),
        behind="",
    )


def _undone(board: Board) -> frozenset[str]:
    """The rows that are neither done nor wait for a person's approval, not even indirectly."""
    statuses, left = board.statuses, set[str]()
    for task in board.graph.order:  # what a row depends on comes before it
        before = board.graph.waiting_on(task, statuses)
        status = statuses.get(task)
        waits = status is Status.NOT_STARTED and before and left.isdisjoint(before)
        if status not in (Status.DONE, Status.NEEDS_QA) and not waits:
            left.add(task)
    return frozenset(left)
