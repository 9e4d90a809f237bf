"""Worktrees that an agent made within its own: some tools do, for themselves or for what they
start. What was done there is brought home as a commit, and the folder goes.

Where such a folder's `.git` leads is the agent's to write, and so is not asked: its HEAD and the
place of its folder are read as files, the rest is done with the repository that was lent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workspace.git import Git
from workspace.git_files import commits_in, delete, is_file, is_folder
from workspace.identity import RUNNER, identity_environment
from workspace.lent_repository import LentRepository

#: Below it, by the worktree's folder, are commits that are to be joined to the worktree's branch.
NESTED = "refs/mission-runner/nested"
_LONGEST = 4_096  # bytes: of a path, of a ref


@dataclass(frozen=True, kw_only=True, slots=True)
class NestedWorktree:
    """A worktree within the one that was lent."""

    path: Path  # its files
    record: Path  # its folder in the repository that was lent
    branch: str | None  # the full name of what it has checked out; None: a commit


def nested_in(lent: LentRepository) -> Iterator[NestedWorktree]:
    """The worktrees within the lent one, in the order of their names."""
    records, outer = lent.git_dir / "worktrees", lent.worktree.resolve()
    for record in sorted(records.iterdir()) if is_folder(records) else []:
        named = Path(_line(record / "gitdir")).parent
        path = named.resolve()
        inside = named.is_absolute() and outer in path.parents and is_file(path / ".git")
        if is_folder(record) and inside and outer / ".git" not in (path, *path.parents):
            head = _line(record / "HEAD")
            branch = head.removeprefix("ref: ") if head.startswith("ref: refs/heads/") else None
            yield NestedWorktree(path=path, record=record, branch=branch)


def work_of(nested: NestedWorktree, lent: LentRepository) -> str | None:
    """The commit that holds all that was done in a nested worktree, made in the repository that
    was lent where not all is committed; None if nothing was ever committed there."""
    git = Git(nested.path, lent.git_dir, stop=lent.stop)
    named = [nested.branch] if nested.branch is not None else commits_in(nested.record / "HEAD")
    head = git.commit(named[0]) if named else None
    if head is None:
        return None
    index = lent.place / "nested.index"
    delete(index)
    own = {"GIT_INDEX_FILE": str(index)}
    git.run("read-tree", head, environment=own)
    left = ("--modified", "--deleted", "--others", "--exclude-standard")
    paths = git.run("ls-files", "-z", *left, environment=own).fields
    listed = "".join(f"{path}\0" for path in dict.fromkeys(paths) if not path.endswith("/"))
    update = ("update-index", "-z", "--add", "--remove", "--replace", "--stdin")
    git.run(*update, input=listed, environment=own)
    tree = git.run("write-tree", environment=own).text
    delete(index)
    if tree == git.tree(head):
        return head
    identity = identity_environment(RUNNER, RUNNER)
    message = f"Keep what was left in {nested.path.name}\n"
    return git.run("commit-tree", tree, "-p", head, input=message, environment=identity).text


def remove(nested: NestedWorktree) -> None:
    """Remove its folder, with the folders that were made for it, and its record."""
    delete(nested.path)
    delete(nested.record)


def _line(file: Path) -> str:
    """The first line of a file; empty where it is none, or none of git's."""
    if not is_file(file):
        return ""
    with file.open("rb") as opened:
        line = opened.read(_LONGEST).partition(b"\n")[0]
    return "" if b"\0" in line else os.fsdecode(line)
