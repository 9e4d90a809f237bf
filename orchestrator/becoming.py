"""Becoming the one who carries a mission out: the claim on the remote, and what follows from it."""

from __future__ import annotations

from mission.state import Status
from orchestrator.assembly.assembly import Assembly
from orchestrator.expanding import next_placeholder
from orchestrator.loop.board import Board


def claim_mission(parts: Assembly, board: Board) -> bool:
    """Take the claim, unless it is taken. Where another clone had it last, what that one pushed
    meanwhile is taken in; whether that changed the plan.

    Raises:
        ClaimHeldError: Another clone carries the mission out.
        GitError: The remote cannot be reached, or takes no claim.
        StoppedError: A stop was requested while it was waited for a sign of another clone.
    """
    if not parts.claim.take():
        return False
    parts.taking_in.take_in_pushed()
    return board.reread() is not None


def is_anything_due(parts: Assembly, board: Board, *, expand: bool) -> bool:
    """Whether anything may have to start, merge, recover or be written. Else nobody need know of
    the run, and it takes no claim."""
    return (
        any(status is not Status.DONE for status in board.statuses.values())
        or bool(parts.journal.open_attempts())
        or bool(parts.journal.pending_requests())
        or (expand and next_placeholder(board.plan) is not None)
        or parts.has_mail
    )
