"""Folders that hold the files of a commit for a moment, and nobody's work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mission.journal import Journal
from workspace.worktree import Worktree
from workspace.worktrees import Worktrees

# What they are for. With a row's id, or a milestone's, it is the name of one.
VERIFY = "verify"
PROGRAMS = "programs"
REVIEW = "review"
PLAN = "plan"
_KINDS = (VERIFY, PROGRAMS, REVIEW, f"{REVIEW}-{PROGRAMS}", PLAN, f"{PLAN}-{PROGRAMS}")


@contextmanager
def commit_files(
    worktrees: Worktrees, name: str, number: int, *, commit: str, full: bool = False
) -> Iterator[Worktree]:
    """A worktree with the files of `commit` and nothing else, while the block runs.

    Args:
        name: Nobody else has a folder of this name and number.
        full: All the files, even where a person has a sparse checkout.
    """
    place = check_out(worktrees, name, number, commit=commit, full=full)
    try:
        yield place
    finally:
        worktrees.remove(place)


def check_out(
    worktrees: Worktrees, name: str, number: int, *, commit: str, full: bool = False
) -> Worktree:
    """As `commit_files`, until somebody removes it."""
    place = worktrees.ensure(name, number, branch=None, base_commit=commit, full=full)
    if place.reused:  # left by one that was killed: it may stand on another commit
        worktrees.remove(place)
        place = worktrees.ensure(name, number, branch=None, base_commit=commit, full=full)
    return place


def clear_left(worktrees: Worktrees, journal: Journal) -> None:
    """Remove the folders that a run which was killed left, and what git knows of such as are gone.
    Later ones have other numbers.

    Called before anything starts, with the writer's lock held.
    """
    worktrees.forget_lost()
    existing = {found.path: found for found in worktrees.existing()}
    for attempt in journal.attempts():
        for kind in _KINDS:
            left = existing.get(worktrees.path(f"{attempt.task}.{kind}", attempt.number))
            if left is not None:
                worktrees.remove(left)
