"""After a crash: journal, git and file are made to agree before anything is dispatched."""

from __future__ import annotations

from dataclasses import dataclass

from mission.journal import Attempt, Stage
from mission.state import Status
from orchestrator.board import Board, StatusChange
from orchestrator.context import Context
from orchestrator.ends import INTERRUPTED
from workspace.alive import end_leftover


def end_crashed_runs(context: Context) -> list[str]:
    """End, in the journal, the runs that died without a word; the engine's names of them."""
    crashed = [run for run in context.journal.open_runs() if run.id != context.run]
    for run in crashed:
        context.journal.end_run(run.id, "crashed")
    return [run.engine_run for run in crashed if run.engine_run is not None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovered:
    """What earlier runs left."""

    left: tuple[Attempt, ...]  # attempts to carry on
    held: frozenset[str]  # rows whose agent cannot be ended: nothing may start in its worktree


def reconcile(context: Context, board: Board) -> Recovered:
    """Bring the file in line with what the journal knows.

    The journal decides what had finished: an attempt whose agent had ended is carried on from
    there, one whose agent was cut off is given back and starts again with its worktree as it is.
    Git decides what had merged: the merge queue looks for an attempt's trailers before it merges.
    """
    held = frozenset(
        attempt.task
        for attempt in context.journal.open_attempts()
        if not _has_ended(context, attempt)
    )
    left = tuple(
        attempt
        for attempt in context.journal.open_attempts()
        if attempt.task not in held and _carries_on(context, board, attempt)
    )
    kept = held | {attempt.task for attempt in left}
    for task, status in list(board.statuses.items()):
        if status is Status.IN_PROGRESS and task not in kept:
            _give_back(context, board, task)
    board.write()
    return Recovered(left=left, held=held)


def _has_ended(context: Context, attempt: Attempt) -> bool:
    """Whether an attempt's agent is gone, after asking it to go if it outlived the runner."""
    if attempt.pid is None or attempt.pid_started is None:
        return True
    if end_leftover(attempt.pid, attempt.pid_started):
        return True
    context.display.say(
        f"{attempt.task}: held back, process {attempt.pid} of attempt {attempt.number} is still at "
        f"work in {attempt.worktree} and does not end; end it, and run again"
    )
    return False


def _carries_on(context: Context, board: Board, attempt: Attempt) -> bool:
    status = board.statuses.get(attempt.task)
    if status is Status.IN_PROGRESS and attempt.stage is not Stage.STARTED:
        context.display.say(f"{attempt.task}: carries on, its work was {attempt.stage}")
        return True
    if status is Status.NEEDS_QA and attempt.stage is not Stage.STARTED:
        # It was approved: only that opens an attempt again.
        context.display.say(f"{attempt.task}: carries on, it was approved")
        return True
    # The row's status was written and the journal's last word was not, or a person set the row.
    written = status in (Status.DONE, Status.FAILED, Status.BLOCKED, Status.NEEDS_QA)
    outcome = str(status) if written else INTERRUPTED
    context.journal.end_attempt(attempt.id, attempt.outcome or outcome, "the runner was stopped")
    return False


def _give_back(context: Context, board: Board, task: str) -> None:
    last = context.journal.last_attempt(task)
    if last is None:
        context.display.say(
            f"{task}: in-progress, but not by this runner; left alone "
            f"(`mission set PATH {task} not-started` hands it over)"
        )
        return
    board.stage(
        StatusChange(
            task=task, status=Status.NOT_STARTED, word="", reason="given back after a stop"
        )
    )
