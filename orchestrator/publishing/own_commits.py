"""Commits that our task file has seen, though the checkout need not have followed them.

The status commits that were made here, which are noted before they are pushed, whatever dies then;
and the last commit that was taken in.
"""

from __future__ import annotations

import hashlib

from orchestrator.context import Context
from tasks_md.parse import encode


def note_publishing(context: Context, commit: str, *, base: str, checked_out: str) -> None:
    """Before a status commit on `base` is pushed: it is ours, and may arrive there at any time.

    Forgets those that the checkout has, of the newest on the base; `forget_published` the rest.
    """
    git = context.repository.git
    commands = [f"update {_folder(context)}{commit} {commit}"]
    if git.store is not None:
        for earlier in git.store.newest(base):
            name = f"{_folder(context)}{earlier}"
            if git.commit(name) is not None and git.is_ancestor(earlier, of=checked_out):
                commands.append(f"delete {name}")
    git.move_refs(*commands)


def forget_published(context: Context, *, base: str, checked_out: str) -> None:
    """As a run begins: forget the status commits that the checkout has, and those that can arrive
    no more, since the base is not where their push expected it."""
    git = context.repository.git
    commands = []
    for name, earlier, parent in _noted(context, _folder(context)):
        waits = parent == base
        counts = git.is_ancestor(earlier, of=base) and not git.is_ancestor(earlier, of=checked_out)
        if not (waits or counts):
            commands.append(f"delete {name}")
    if commands:
        git.move_refs(*commands)


def note_absorbed_commit(context: Context, commit: str) -> None:
    """Our task file builds on `commit` now, which nothing else here says."""
    context.repository.git.move_refs(f"update {absorbed_ref(context)} {commit}")


def newest_noted(context: Context, *, beyond: str) -> str | None:
    """The last noted commit that the base holds, as it was last heard, and `beyond` does not."""
    git, newest, tip = context.repository.git, None, context.repository.base_tip()
    for commit in _noted_since(context, beyond, tip):
        there = git.is_ancestor(commit, of=tip)
        fits = there and not git.is_ancestor(commit, of=beyond)
        if fits and (newest is None or git.is_ancestor(newest, of=commit)):
            newest = commit
    return newest


def _noted_since(context: Context, beyond: str, tip: str) -> list[str]:
    """The noted commits that `tip` may hold and `beyond` does not."""
    git = context.repository.git
    new = git.line_between(beyond, tip)
    if new is None:
        return [commit for _, commit, _ in _noted(context, _folder(context), absorbed_ref(context))]
    named = [absorbed_ref(context), *(f"{_folder(context)}{commit}" for commit in new)]
    return [commit for name in named if (commit := git.commit(name)) is not None]


def _noted(context: Context, *patterns: str) -> list[tuple[str, str, str]]:
    """Ref, commit and parent of each."""
    shown = "--format=%(refname)%00%(objectname)%00%(parent)%00"
    fields = iter(context.repository.git.run("for-each-ref", shown, *patterns).fields)
    return [
        (name.lstrip("\n"), commit, parent)
        for name, commit, parent in zip(fields, fields, fields, strict=True)
    ]


def absorbed_ref(context: Context) -> str:
    """The ref of what was taken in last."""
    return f"refs/worktree/mission-runner/absorbed/{_name(context)}"


def _folder(context: Context) -> str:
    return f"refs/worktree/mission-runner/published/{_name(context)}/"


def _name(context: Context) -> str:
    """Each checkout has refs of its own (gitrevisions(7), refs/worktree), and each task file."""
    return hashlib.sha256(encode(context.task_file)).hexdigest()[:16]
