"""After a crash: journal, git and file are made to agree before anything is dispatched."""

from __future__ import annotations

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


def reconcile(context: Context, board: Board) -> list[Attempt]:
    """Bring the file in line with what the journal knows; return the attempts to carry on.

    The journal decides what had finished: an attempt whose agent had ended is carried on from
    there, one whose agent was cut off is given back and starts again with its worktree as it is.
    Git decides what had merged: the merge queue looks for an attempt's trailers before it merges.
    """
    for attempt in context.journal.open_attempts():
        if attempt.pid is not None and attempt.pid_started is not None:
            end_leftover(attempt.pid, attempt.pid_started)  # its agent, if that outlived the runner
    carried_on = [
        attempt
        for attempt in context.journal.open_attempts()
        if _carries_on(context, board, attempt)
    ]
    held = {attempt.task for attempt in carried_on}
    for task, status in list(board.statuses.items()):
        if status is Status.IN_PROGRESS and task not in held:
            _give_back(context, board, task)
    board.write()
    return carried_on


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
