"""Submodules that a branch moves: their commits are elsewhere, and are lost with the worktree."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from errors import GitError
from workspace.git import Git
from workspace.git_files import is_file, start_of, write
from workspace.submodule_hosts import SubmoduleHosts, refused
from workspace.tree_entries import SUBMODULE
from workspace.worktree import Worktree


@dataclass(frozen=True, kw_only=True, slots=True)
class Submodule:
    """A submodule in a commit."""

    path: str
    commit: str  # that it stands on


def refuse_lost_submodules(hosts: SubmoduleHosts, worktree: Worktree, head: str) -> None:
    """Return if `head` can be had with all its submodules, and none has work beside it.

    Raises:
        GitError: A submodule has changes that no commit holds, or is at a commit that its remote
            does not have, or does not tell of.
    """
    repository = hosts.repository
    before = set(submodules_in(repository.git, worktree.base_commit))
    for one in submodules_in(repository.git, head):
        place = worktree.path / one.path
        if not _is_committed(place, one.commit):
            raise GitError(
                f"the submodule {one.path} has changes that {head[:10]} does not hold",
                hint=f"Commit and push them in {place}, and commit the submodule",
            )
        if one not in before and not _is_on_remote(hosts, head, one):
            raise GitError(
                f"the submodule {one.path} is at {one.commit[:10]}, which its remote does not have",
                hint=f"Push it from {place}",
            )


def submodules_in(git: Git, commit: str) -> Iterator[Submodule]:
    """The submodules of a commit, in any folder."""
    with git.objects() as store:
        for entry in store.marked(git.tree(commit)):
            if entry.mode == SUBMODULE:
                yield Submodule(path=entry.path, commit=entry.oid)


def _is_committed(place: Path, commit: str) -> bool:
    """Whether a submodule's folder is as its commit has it; one that was not filled is.

    Git does not run with the settings that are there: an agent can have put some into them.
    """
    if not place.is_dir() or place.is_symlink() or not any(place.iterdir()):
        return True
    own = place / ".git"
    if is_file(own):
        own = place / os.fsdecode(start_of(own)).removeprefix("gitdir:").strip()
    with _scratch(place, own / "objects") as git:
        if git.run("update-ref", "--no-deref", "HEAD", commit, check=False).code != 0:
            return False
        git.run("read-tree", "HEAD")
        return not git.text(
            "status", "--porcelain", "--untracked-files=all", "--ignore-submodules=dirty"
        )


def _is_on_remote(hosts: SubmoduleHosts, head: str, one: Submodule) -> bool:
    address = hosts.origins(head).address(one.path)
    if address is None:
        return False
    with _scratch(hosts.repository.common_dir) as git:
        refs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        fetched = hosts.fetch(
            git, one.path, "--filter=tree:0", "--end-of-options", address, *refs, address=address
        )
        if fetched.code != 0:
            raise refused(one.path, fetched, git)
        holders = git.run("for-each-ref", "--count=1", "--contains", one.commit, check=False)
        return holders.code == 0 and bool(holders.stdout)


@contextmanager
def _scratch(work: Path, objects: Path | None = None) -> Iterator[Git]:
    """A repository for one question, about the files in `work`, and the objects of another."""
    with tempfile.TemporaryDirectory(prefix="mission-") as folder:
        Git(Path(folder)).run("init", "--quiet", "--bare", "--template=", folder)
        if objects is not None:
            borrowed = Path(folder, "objects/info/alternates")
            borrowed.parent.mkdir(exist_ok=True)
            write(borrowed, f"{objects.resolve()}\n")
        yield Git(work, Path(os.path.realpath(folder)))
