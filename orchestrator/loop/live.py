"""Rows that are under way, held against what the file says of them."""

from __future__ import annotations

from collections.abc import Mapping

from errors import RowConflictError
from mission.state import Status
from orchestrator.loop.board import Board
from orchestrator.ports.assignment import Assignment


def set_by_hand(live: Mapping[str, Assignment], board: Board) -> RowConflictError | None:
    """The conflict with whoever has set one of these rows in the file; None if nobody has."""
    for task, assignment in live.items():
        expected = Status.NEEDS_QA if assignment.attempt.approved else Status.IN_PROGRESS
        found = board.status(task)
        if found is not expected:
            if task not in board.plan.by_id:
                return RowConflictError(
                    f"{task} is under way, but its row is not in {board.plan.path} any more",
                    hint="Put it back, then `mission run` goes on with it",
                )
            now = found or repr(board.plan.task(task).status)
            return RowConflictError(
                f"{task} is under way, but its row was set to {now} by hand",
                hint=f"Leave a row that is under way to the run (`mission stop {task}` ends it); "
                "`mission run` carries on",
            )
    return None
