"""Becoming the one who carries a mission out: the claim on the remote, and what follows from it."""

from __future__ import annotations

from errors import CheckoutBlockedError, MissionError, StoppedError
from mission.state import Status
from orchestrator.assembly.assembly import Assembly
from orchestrator.expanding import next_placeholder
from orchestrator.loop.board import Board


def claim_mission(parts: Assembly, board: Board) -> bool:
    """Take the claim, unless it is taken. Where another clone had it last, what that one pushed
    meanwhile is taken in, and this one goes on where it stopped; whether the plan was changed.

    Raises:
        ClaimHeldError: Another clone carries the mission out.
        GitError: The remote cannot be reached, or takes no claim.
        StoppedError: A stop was requested while it was waited for a sign of another clone.
    """
    return _go_on(parts, board, another=parts.claim.take())


def _go_on(parts: Assembly, board: Board, *, another: bool) -> bool:
    if another:
        parts.taking_in.take_in_pushed()
    changed = board.reread() is not None
    if parts.claim.taken:
        parts.catching_up.catch_up(board)
    return changed


def learn(parts: Assembly, board: Board) -> bool:
    """Know what other clones used, though nothing is left to do: `mission report` is right in every
    clone that ran. Where one is at it, or it cannot be had, that is said, and nothing follows.
    Whether the plan was changed.

    Raises:
        GitError: What another clone pushed cannot be taken in.
        StoppedError: A stop was requested while it was waited for a sign of another clone.
    """
    try:
        if not parts.claim.has_news(parts.post.heard if parts.post else None):
            return False
        another = parts.claim.take()
    except StoppedError:
        raise
    except MissionError as error:
        parts.display.say(f"what other clones used for this mission is not known here yet: {error}")
        return False
    return _go_on(parts, board, another=another)


def take_in_pushed(parts: Assembly, board: Board) -> None:
    """Take in what others have pushed. Where what this clone wrote and never published stands in
    the way of what another one has published since, the claim is taken first: that gives way then.

    Raises:
        CheckoutBlockedError: The task file was changed here and there in the same cell.
        RemoteAwayError: The remote could not be reached for as long as was waited for it.
        ClaimHeldError, GitError, StoppedError: As `claim_mission`.
    """
    try:
        parts.taking_in.take_in_pushed()
    except CheckoutBlockedError:
        if not parts.claim.take():
            raise
        parts.taking_in.take_in_pushed()
        parts.catching_up.catch_up(board)  # there may be nothing else to do


def is_anything_due(parts: Assembly, board: Board, *, expand: bool) -> bool:
    """Whether anything may have to start, merge or recover. Else nobody need know of the run, and
    it takes no claim: that rows which the base holds are done may be written down here by anybody.

    Raises:
        GitError: The history of the base cannot be read.
    """
    undone = {task for task, status in board.statuses.items() if status is not Status.DONE}
    return (
        bool(undone and undone - set(parts.landed.merged(undone)))
        or bool(parts.journal.open_attempts())
        or bool(parts.journal.pending_requests())
        or (expand and next_placeholder(board.plan) is not None)
        or parts.has_mail
    )
