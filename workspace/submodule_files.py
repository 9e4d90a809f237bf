"""The files of submodules, in the folders in which others work.

Nothing of what a branch says of its submodules is obeyed but which commit each stands on: where one
comes from is what the repository's own settings say of it, or the `.gitmodules` of the base, which
people have agreed to. Each commit is fetched once, into a repository that nobody works in, and
copied from there into a repository of its own: who works in one changes nothing for the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from filelock import FileLock

from errors import GitError
from workspace.furnishing import place_for
from workspace.git import Git
from workspace.git_command import GitOutput, reason
from workspace.git_files import is_folder
from workspace.redact import Redactor
from workspace.repository import Repository
from workspace.sifting import delete_whole
from workspace.submodules import PROTOCOLS, Origins, Submodule, submodules_in

_SHA256 = 64  # digits of an id in a repository of that kind
_KEPT = "refs/kept"  # below it: what was fetched, by its id


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmoduleFiles:
    """Fills folders with the submodules of what is checked out there. For any thread or process."""

    repository: Repository
    store: Path  # holds what was fetched
    wanted: Collection[str] | None  # paths; None: all
    own: Mapping[str, str]  # by name: where each comes from, as a person's settings had it

    @classmethod
    def of(cls, repository: Repository, store: Path, wanted: Collection[str] | None) -> Self:
        """As the repository's settings are now: whoever works later changes none of it."""
        listed = repository.git.run(
            "config", "-z", "--get-regexp", r"^submodule\..*\.url$", check=False
        )
        own: dict[str, str] = {}
        for field in listed.fields:
            key, _, url = field.partition("\n")
            own[key.removeprefix("submodule.").removesuffix(".url")] = url
        return cls(repository=repository, store=store, wanted=wanted, own=own)

    def fill(self, folder: Path, commit: str) -> None:
        """Check out the submodules of `commit` in `folder`, which holds its other files.

        Submodules within one stay empty folders.

        Raises:
            GitError: One comes from nobody knows where, or its remote refuses or lacks it, or
                something else stands in its place.
            RemoteAwayError: Its remote cannot be reached.
            StoppedError: A stop was requested.
            OSError: The files cannot be written.
        """
        found = [
            one
            for one in submodules_in(self.repository.git, commit)
            if self.wanted is None or one.path in self.wanted
        ]
        if not found:
            return
        origins = Origins.of(self.repository, self.repository.base_tip(), self.own)
        for one in found:
            address = origins.address(one.path)
            if address is None:
                name = origins.name(one.path) or one.path
                raise GitError(
                    f"the base does not say where the submodule {one.path} comes from",
                    hint=f"`git config submodule.{name}.url ADDRESS` says it, for the next run",
                )
            self._check_out(folder, one, address)

    def _check_out(self, folder: Path, one: Submodule, address: str) -> None:
        place = place_for(folder, one.path)
        if not is_folder(place):
            raise GitError(f"the submodule {one.path} has no folder in {folder}")
        held = self._fetched(one, address)
        delete_whole(place)  # we were killed as we filled it
        place.mkdir()
        git = _made(place, place / ".git", one.commit)
        git.run("fetch", "--quiet", "--no-tags", "--depth=1", str(held), one.commit)
        if Redactor.from_environment().text(address) == address:
            git.run("config", "remote.origin.url", address)
            git.run("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
        git.run("update-ref", "--no-deref", "HEAD", one.commit)
        git.run("reset", "--quiet", "--hard")

    def _fetched(self, one: Submodule, address: str) -> Path:
        """A repository that has the submodule's commit."""
        digest = hashlib.sha256(f"{address}\0{len(one.commit)}".encode(errors="surrogateescape"))
        held = self.store / f"{digest.hexdigest()[:16]}.git"
        self.store.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(held.with_suffix(".lock"), mode=0o600):
            made = Git(held, held) if held.is_dir() else _made(held, held, one.commit)
            kept = f"{_KEPT}/{one.commit}"
            if made.commit(kept) is None:
                self._fetch(made, one, address)
                made.run("update-ref", kept, one.commit)
        return held

    def _fetch(self, held: Git, one: Submodule, address: str) -> None:
        """Ask for the one commit; where that is not given, for all that the remote names."""
        git = Git(held.folder, held.git_dir, away=self.repository.git.away)
        alone = _asked(git, "--depth=1", "--end-of-options", address, one.commit)
        if alone.code == 0:
            return
        refs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        whole = _asked(git, "--end-of-options", address, *refs)
        if whole.code != 0:
            raise GitError(f"the remote of the submodule {one.path} refuses: {reason(whole)}")
        if git.commit(one.commit) is None:
            raise GitError(
                f"the submodule {one.path} is at {one.commit[:10]}, which its remote does not have",
                hint="Push it there",
            )


def _asked(git: Git, *words: str) -> GitOutput:
    fetch = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
    return git.run(*fetch, *words, check=False, environment={"GIT_ALLOW_PROTOCOL": PROTOCOLS})


def _made(folder: Path, git_dir: Path, like: str) -> Git:
    """A new repository for commits that are named as `like` is."""
    kind = "sha256" if len(like) == _SHA256 else "sha1"
    bare = ("--bare",) if folder == git_dir else ()
    Git(folder.parent).run(
        "init", "--quiet", *bare, "--template=", f"--object-format={kind}", str(folder)
    )
    return Git(folder, git_dir)
