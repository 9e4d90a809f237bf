"""Submodules that a branch moves: their commits are elsewhere, and are lost with the worktree."""

from __future__ import annotations

import os
import posixpath
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from errors import GitError
from workspace.git import Git
from workspace.git_command import reason
from workspace.git_files import is_file, start_of, write
from workspace.repository import Repository
from workspace.tree_entries import SUBMODULE
from workspace.worktree import Worktree

PROTOCOLS = "https:http:ssh:git:file"  # an agent may have written the address


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
    before = set(submodules_in(repository.git, worktree.base_commit))
    for one in submodules_in(repository.git, head):
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


def _is_on_remote(repository: Repository, head: str, one: Submodule) -> bool:
    address = Origins.of(repository, head).address(one.path)
    if address is None:
        return False
    with _scratch(repository.common_dir) as scratch:
        git = replace(scratch, away=repository.git.away)
        fetched = git.run(
            "fetch", "--quiet", "--no-tags", "--filter=tree:0", "--end-of-options", address,
            "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*",
            check=False, environment={"GIT_ALLOW_PROTOCOL": PROTOCOLS},
        )  # fmt: skip
        if fetched.code != 0:
            raise GitError(f"the remote of the submodule {one.path} refuses: {reason(fetched)}")
        holders = git.run("for-each-ref", "--count=1", "--contains", one.commit, check=False)
        return holders.code == 0 and bool(holders.stdout)


@dataclass(frozen=True, kw_only=True, slots=True)
class Origins:
    """Where submodules come from, by the `.gitmodules` of a commit (gitmodules(5))."""

    settings: Mapping[str, str]  # of that file
    own: Mapping[str, str]  # by name: what a person has said instead
    beside: str  # what relative addresses are relative to
    top: Path  # ... and where they are, if that is empty

    @classmethod
    def of(cls, repository: Repository, commit: str, own: Mapping[str, str] | None = None) -> Self:
        listed = repository.git.run(
            "config", "-z", "--blob", f"{commit}:.gitmodules", "--list", check=False
        )
        return cls(
            settings=dict(field.partition("\n")[::2] for field in listed.fields),
            own=own or {},
            beside=repository.address() or "",
            top=repository.top,
        )

    def name(self, path: str) -> str | None:
        """What the submodule in a folder is called; None: the file does not say."""
        for setting, value in self.settings.items():
            named = re.fullmatch(r"submodule\.(.*)\.path", setting, re.DOTALL)
            if named is not None and value == path:
                return named[1]
        return None

    def address(self, path: str) -> str | None:
        """Where the submodule in a folder comes from; None: nobody says."""
        name = self.name(path)
        # By its folder, too: that is its name, where nobody has named it otherwise.
        own = self.own.get(path if name is None else name)
        given = own or self.settings.get(f"submodule.{name}.url")
        if given is None or not given.startswith(("./", "../")):
            return given
        return _beside(self.beside, given) if self.beside else str(self.top / given)


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
