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
            return RowConflictError(
                f"{task} is under way, but its row was set to {found or 'nothing'} by hand",
                hint="Set rows with `mission set`; run again to carry on",
            )
    return None
