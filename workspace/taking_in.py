"""Taking the base into an attempt's branch, for its agent to settle what conflicts."""

from __future__ import annotations

from errors import GitError
from workspace.git import reason
from workspace.identity import RUNNER, identity_environment
from workspace.special_files import refuse_special_files
from workspace.unfinished import other_parents
from workspace.worktrees import Worktree


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
