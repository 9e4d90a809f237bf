"""Merges, rebases and the like that an agent left unfinished."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from errors import GitError
from workspace.git_command import reason
from workspace.git_files import commits_in
from workspace.identity import RUNNER, identity_environment
from workspace.special_files import refuse_special_files
from workspace.worktree import Worktree

# What git keeps in a worktree's folder while an operation is under way, and what forgets it
# without changing commits or files.
_OPERATIONS = (
    ("rebase-merge", "rebase", ("rebase", "--quit")),
    ("rebase-apply/applying", "am", ("am", "--quit")),
    ("rebase-apply", "rebase", ("rebase", "--quit")),
    ("CHERRY_PICK_HEAD", "cherry-pick", ("cherry-pick", "--quit")),
    ("REVERT_HEAD", "revert", ("revert", "--quit")),
    ("sequencer", "cherry-pick", ("cherry-pick", "--quit")),
    ("MERGE_HEAD", "merge", ("merge", "--quit")),
)

_PIECE = 1 << 20  # bytes of a line


def refuse_conflicts(worktree: Worktree, unmerged: Sequence[str]) -> None:
    """Stop where files still hold both sides of a conflict: committing them would hide it.

    A file that git counts as `unmerged` but that holds no markers has been resolved; an agent in
    a sandbox cannot tell git so.

    Raises:
        GitError: With the operation and the files.
    """
    files = [path for path in unmerged if _has_markers(worktree.path / path)]
    if files:
        operation = name_of(worktree) or "merge"
        raise GitError(
            f"the agent left a {operation} unfinished, with conflicts in {', '.join(files)}"
        )


def other_parents(worktree: Worktree) -> list[str]:
    """The commits that an unfinished merge is of, other than HEAD."""
    return commits_in(worktree.git_dir / "MERGE_HEAD")


def finish(worktree: Worktree) -> None:
    """Let git forget what was under way. Commits, files and the index stay."""
    for mark, _, command in _found(worktree):
        if (worktree.git_dir / mark).exists():  # one command may end two of them
            worktree.git.run(*command)


def name_of(worktree: Worktree) -> str | None:
    """What is unfinished, as git calls it; None: nothing."""
    return next((name for _, name, _ in _found(worktree)), None)


def under_way(worktree: Worktree) -> bool:
    """Whether a merge, a rebase or the like is unfinished."""
    return bool(_found(worktree))


def _found(worktree: Worktree) -> list[tuple[str, str, tuple[str, ...]]]:
    return [entry for entry in _OPERATIONS if (worktree.git_dir / entry[0]).exists()]


def _has_markers(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    starts: set[bytes] = set()
    with path.open("rb") as file:
        at_start = True  # of a line: one without end comes in pieces
        while piece := file.readline(_PIECE):
            if at_start and piece[:7] in (b"<<<<<<<", b">>>>>>>"):
                starts.add(piece[:8])
            at_start = piece.endswith(b"\n")
    return {b"<<<<<<< ", b">>>>>>> "} <= starts


def begin_repair(worktree: Worktree, base: str) -> None:
    """Begin to merge `base` into the branch of a worktree, and leave it unfinished.

    What does not conflict is in the files and the index; of what does, both sides are in the files
    between conflict markers. `changes.commit_leftovers` concludes it. Nothing is done where a merge
    is under way already, or where the branch holds `base`.

    Raises:
        GitError: Git cannot begin; nothing was changed.
    """
    if other_parents(worktree):
        return
    refuse_special_files(worktree.path)
    merged = worktree.git.run(
        "-c", "merge.conflictStyle=merge", "-c", "rerere.enabled=false",
        "merge", "--quiet", "--no-commit", "--no-ff", base,
        check=False, environment=identity_environment(RUNNER, RUNNER),
    )  # fmt: skip
    if merged.code != 0 and not other_parents(worktree):
        raise GitError(
            f"the base cannot be merged into {worktree.branch}: {reason(merged)}",
            hint=f"Its worktree is {worktree.path}",
        )
