"""After a crash: journal, git and file are made to agree before anything is dispatched."""

from __future__ import annotations

from dataclasses import dataclass

from mission.journal import Attempt, Stage
from mission.journal.kinds import StatusSet
from mission.outcome import Outcome
from mission.state import Actor, Status
from orchestrator.attempts.resuming import HELD_UP
from orchestrator.context import Context
from orchestrator.loop.board import Board, StatusChange
from orchestrator.ports.ends import INTERRUPTED
from orchestrator.recovery.proving import prove_merged
from workspace.alive import end_leftover

# What an attempt had come to, by the status that was written for it.
_OUTCOMES = {
    Status.DONE: str(Outcome.SUCCESS),
    Status.NEEDS_QA: str(Outcome.NEEDS_QA),
    Status.BLOCKED: HELD_UP,
    Status.FAILED: "failed",
}


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
    """Bring the file in line with what the base and the journal know.

    The journal decides what had finished: an attempt whose agent had ended is carried on from
    there, at once where its row says `in-progress`, else in the row's turn; one whose agent was cut
    off is given back and starts again with its worktree as it is.
    Git decides what had merged: what the base holds is done, and the merge queue looks for an
    attempt's trailers before it merges.
    """
    held = frozenset(
        attempt.task
        for attempt in context.journal.open_attempts()
        if not _has_ended(context, attempt)
    )
    prove_merged(context, board, held)
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
    finished = attempt.stage is not Stage.STARTED
    if status is Status.IN_PROGRESS and finished:
        context.display.say(f"{attempt.task}: carries on, its work was {attempt.stage}")
        return True
    if status is Status.NEEDS_QA and finished and attempt.outcome is None:
        # Only an approval opens an attempt again without an outcome. With one, the row was written
        # and the journal's last word was not: it still waits for a person.
        context.display.say(f"{attempt.task}: carries on, it was approved")
        return True
    if status is Status.NOT_STARTED and finished and not _was_taken_back(context, attempt):
        return False  # it stays open: its row comes next to it in its turn, and is carried on then
    # The row's status was written and the journal's last word was not, or a person set the row.
    written = _OUTCOMES.get(status) if status is not None else None
    said = None if finished and written else attempt.outcome  # the agent's word is not the end's
    outcome = said or written or INTERRUPTED
    context.journal.end_attempt(attempt.id, outcome, "the runner was stopped")
    return False


def _was_taken_back(context: Context, attempt: Attempt) -> bool:
    """Whether a person set the row back while this attempt was under way, or cut off.

    The file follows the loop, so an attempt may have ended before its row said `in-progress`, and
    a row that is not-started need not have been set to that.
    """
    changes = context.journal.events(StatusSet, task=attempt.task)
    if not changes:
        return False
    last = changes[-1]
    if last.what.by == Actor.PERSON:
        return last.what.old == Status.IN_PROGRESS and last.at >= attempt.started
    return last.attempt == attempt.id and last.what.new == Status.IN_PROGRESS  # set by hand


def _give_back(context: Context, board: Board, task: str) -> None:
    if context.journal.last_attempt(task) is None or _was_taken_over(context, task):
        context.display.say(
            f"{task}: in-progress, but not by this runner; left alone "
            f"(`mission set {task} not-started` hands it over)"
        )
        return
    board.stage(
        StatusChange(
            task=task, status=Status.NOT_STARTED, word="", reason="given back after a stop"
        )
    )


def _was_taken_over(context: Context, task: str) -> bool:
    """Whether it was a person who set the row in progress."""
    changes = context.journal.events(StatusSet, task=task)
    return bool(changes) and (
        changes[-1].what.by == Actor.PERSON and changes[-1].what.new == Status.IN_PROGRESS
    )
