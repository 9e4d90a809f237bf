"""What an attempt changed in its worktree, all of it on its branch."""

from __future__ import annotations

from workspace.git import Git
from workspace.identity import RUNNER, identity_environment
from workspace.worktrees import Worktree


def head(worktree: Worktree) -> str:
    """The commit that the worktree stands on."""
    return worktree.git.text("rev-parse", "--verify", "HEAD^{commit}")


def changed_files(git: Git, base: str, head: str) -> tuple[str, ...]:
    """The paths that differ between `head` and where it left `base`. Renames count as both."""
    return git.run(
        "diff-tree", "-r", "-z", "--name-only", "--no-renames", "--merge-base", base, head
    ).fields


def is_changed(git: Git, base: str, head: str) -> bool:
    """Whether `head` changes anything since it left `base`."""
    return bool(changed_files(git, base, head))


def commit_leftovers(
    worktree: Worktree, *, message: str, author: str, committer: str = RUNNER
) -> str | None:
    """Commit what an agent left uncommitted. The new commit, None if there was nothing.

    `author` and `committer` are names, or names with an address in angle brackets.
    """
    git = worktree.git
    git.run("add", "--all")
    tree = git.text("write-tree")
    parent = head(worktree)
    if tree == git.text("rev-parse", f"{parent}^{{tree}}"):
        return None
    commit = git.run(
        "commit-tree", tree, "-p", parent,
        input=message,
        environment=identity_environment(author, committer),
    ).text  # fmt: skip
    git.run("update-ref", "-m", "mission-runner: leftovers", "HEAD", commit, parent)
    return commit
