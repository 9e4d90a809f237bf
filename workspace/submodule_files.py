"""The files of submodules, in the folders in which others work.

Nothing of what a branch says of its submodules is obeyed but which commit each stands on: where one
comes from is what the repository's own settings say of it, or the `.gitmodules` of the base, which
people have agreed to. Each commit is fetched once, into a repository that nobody works in, and
copied from there into a repository of its own: who works in one changes nothing for the next.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shlex import quote

from errors import GitError
from workspace.furnishing import place_for
from workspace.git import Git
from workspace.git_files import is_folder
from workspace.redact import Redactor
from workspace.sifting import delete_whole
from workspace.submodule_hosts import SubmoduleHosts, refused
from workspace.submodules import Submodule, submodules_in

_SHA256 = 64  # digits of an id in a repository of that kind
_KEPT = "refs/kept"  # below it: what was fetched, by its id


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmoduleFiles:
    """Fills folders with the submodules of what is checked out there. For any thread or process."""

    hosts: SubmoduleHosts
    store: Path  # holds what was fetched
    wanted: Collection[str] | None  # paths; None: all

    def fill(self, folder: Path, commit: str) -> None:
        """Check out the submodules of `commit` in `folder`, which holds its other files.

        Submodules within one stay empty folders.

        Raises:
            GitError: One comes from nobody knows where, or its remote refuses or lacks it, or
                cannot be reached, or something else stands in its place.
            StoppedError: A stop was requested.
            OSError: The files cannot be written.
        """
        repository = self.hosts.repository
        found = [
            one
            for one in submodules_in(repository.git, commit)
            if self.wanted is None or one.path in self.wanted
        ]
        if not found:
            return
        origins = self.hosts.origins(repository.base_tip())
        for one in found:
            address = origins.address(one.path)
            if address is None:
                name = origins.name(one.path) or one.path
                raise GitError(
                    f"the base does not say where the submodule {one.path} comes from",
                    hint=f"`git config {quote(f'submodule.{name}.url')} ADDRESS` says it, for the "
                    "next run",
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
        with _holding(held.with_suffix(".lock")) as lock:
            kept = f"{_KEPT}/{one.commit}"
            if not held.is_dir() or Git(held, held).commit(kept) is None:
                for left in held.rglob("*.lock"):  # of a git that was killed: no other is here
                    left.unlink()
                made = _made(held, held, one.commit, lock)
                self._fetch(made, one, address, lock)
                made.run("update-ref", kept, one.commit, holding=(lock,))
        return held

    def _fetch(self, git: Git, one: Submodule, address: str, lock: int) -> None:
        """Ask for the one commit; where that is not given, for all that the remote names."""
        fetch = partial(
            self.hosts.fetch, git, one.path, "--no-write-fetch-head",
            address=address, holding=(lock,),
        )  # fmt: skip
        alone = fetch("--depth=1", "--end-of-options", address, one.commit)
        if alone.code == 0:
            return
        refs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        whole = fetch("--end-of-options", address, *refs)
        if whole.code != 0:
            raise refused(one.path, whole, git)
        if git.commit(one.commit) is None:
            raise GitError(
                f"the submodule {one.path} is at {one.commit[:10]}, which its remote does not have",
                hint="Push it there",
            )


@contextmanager
def _holding(path: Path) -> Iterator[int]:
    """The right to change what was fetched from one address. If we are killed, it passes to the git
    command that is at work there, and ends with it; yields what that command has to hold."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)  # what git leaves running, as helpers, does not keep it
        os.close(lock)


def _made(folder: Path, git_dir: Path, like: str, *holding: int) -> Git:
    """A repository for commits that are named as `like` is; one that is there is made whole."""
    kind = "sha256" if len(like) == _SHA256 else "sha1"
    bare = ("--bare",) if folder == git_dir else ()
    Git(folder.parent).run(
        "init", "--quiet", *bare, "--template=", f"--object-format={kind}", str(folder),
        holding=holding,
    )  # fmt: skip
    return Git(folder, git_dir)
