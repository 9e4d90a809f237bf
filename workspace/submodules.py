"""Submodules that a branch moves: their commits are elsewhere, and are lost with the worktree."""

from __future__ import annotations

import os
import posixpath
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from errors import GitError
from workspace.git import Git
from workspace.git_command import reason
from workspace.git_files import is_file, start_of, write
from workspace.repository import Repository
from workspace.tree_entries import SUBMODULE
from workspace.worktree import Worktree

_PROTOCOLS = "https:http:ssh:git:file"  # an agent may have written the address


@dataclass(frozen=True, kw_only=True, slots=True)
class Submodule:
    """A submodule in a commit."""

    path: str
    commit: str  # that it stands on


def refuse_lost_submodules(repository: Repository, worktree: Worktree, head: str) -> None:
    """Return if `head` can be had with all its submodules, and none has work beside it.

    Raises:
        GitError: A submodule has changes that no commit holds, or is at a commit that its remote
            does not have, or refuses to tell of.
    """
    before = set(_submodules(repository.git, worktree.base_commit))
    for one in _submodules(repository.git, head):
        place = worktree.path / one.path
        if not _is_committed(place, one.commit):
            raise GitError(
                f"the submodule {one.path} has changes that {head[:10]} does not hold",
                hint=f"Commit and push them in {place}, and commit the submodule",
            )
        if one not in before and not _is_on_remote(repository, head, one):
            raise GitError(
                f"the submodule {one.path} is at {one.commit[:10]}, which its remote does not have",
                hint=f"Push it from {place}",
            )


def _submodules(git: Git, commit: str) -> Iterator[Submodule]:
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


def _is_on_remote(repository: Repository, head: str, one: Submodule) -> bool:
    address = _address(repository, head, one)
    if address is None:
        return False
    with _scratch(repository.common_dir) as scratch:
        git = replace(scratch, away=repository.git.away)
        fetched = git.run(
            "fetch", "--quiet", "--no-tags", "--filter=tree:0", "--end-of-options", address,
            "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*",
            check=False, environment={"GIT_ALLOW_PROTOCOL": _PROTOCOLS},
        )  # fmt: skip
        if fetched.code != 0:
            raise GitError(f"the remote of the submodule {one.path} refuses: {reason(fetched)}")
        holders = git.run("for-each-ref", "--count=1", "--contains", one.commit, check=False)
        return holders.code == 0 and bool(holders.stdout)


def _address(repository: Repository, head: str, one: Submodule) -> str | None:
    """Where a submodule comes from, by the `.gitmodules` of a commit (gitmodules(5))."""
    git = repository.git
    listed = git.run("config", "-z", "--blob", f"{head}:.gitmodules", "--list", check=False)
    settings = dict(field.partition("\n")[::2] for field in listed.fields)
    for name, value in settings.items():
        if value == one.path and re.fullmatch(r"submodule\..*\.path", name):
            address = settings.get(f"{name.removesuffix('.path')}.url")
            if address is None or not address.startswith(("./", "../")):
                return address
            if repository.remote is None:
                return str(repository.top / address)
            return _beside(repository.address() or "", address)
    return None


def _beside(address: str, relative: str) -> str:
    """An address relative to another, which may be a path, a URL or `host:path`."""
    start = re.match(r"[a-z+]+://[^/]*/|[^/:]+:", address)
    whole = start[0] if start else ""
    return whole + posixpath.normpath(posixpath.join(address.removeprefix(whole), relative))


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
