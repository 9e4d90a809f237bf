"""The status commits that this checkout made: known before they are pushed, whatever dies then."""

from __future__ import annotations

import hashlib

from orchestrator.context import Context
from tasks_md.parse import encode


def note_publishing(context: Context, commit: str, *, base: str, checked_out: str) -> None:
    """Before a status commit on `base` is pushed: it is ours, and may arrive there at any time.

    Forgets those that the checkout has, and those that can arrive no more: the base is not where
    their push expected it.
    """
    git = context.repository.git
    for name, earlier, parent in _noted(context):
        waits = parent == base
        counts = git.is_ancestor(earlier, of=base) and not git.is_ancestor(earlier, of=checked_out)
        if not (waits or counts):
            git.run("update-ref", "-d", name)
    git.run("update-ref", f"{_folder(context)}{commit}", commit)


def newest_own(context: Context, *, upto: str, beyond: str) -> str | None:
    """The last status commit of ours that is part of `upto` and not of `beyond`."""
    git, newest = context.repository.git, None
    for _, commit, _ in _noted(context):
        fits = git.is_ancestor(commit, of=upto) and not git.is_ancestor(commit, of=beyond)
        if fits and (newest is None or git.is_ancestor(newest, of=commit)):
            newest = commit
    return newest


def _noted(context: Context) -> list[tuple[str, str, str]]:
    """Ref, commit and parent of each."""
    listing = context.repository.git.text(
        "for-each-ref", "--format=%(refname) %(objectname) %(parent)", _folder(context)
    )
    found = [line.split(" ", 2) for line in listing.splitlines()]
    return [(name, commit, parent) for name, commit, parent in found]


def _folder(context: Context) -> str:
    """Each checkout has refs of its own (gitrevisions(7), refs/worktree), and each task file."""
    name = hashlib.sha256(encode(context.task_file)).hexdigest()[:16]
    return f"refs/worktree/mission-runner/published/{name}/"
