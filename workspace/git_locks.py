"""Locks that keep git from its work: whose they are, and what becomes of those that are left.

Git makes `FILE.lock` beside what it is about to change, and takes it away as it ends. Killed in
between, with us or without, it leaves the lock, and every later command is refused. So each command
of ours that changes a repository is noted on the disk while it runs, and holds the note's lock
(flock(2)), which dies with the last of its processes. A note that nobody holds is of a command that
was killed: the locks that were made after it, by our user, with no git at work there any more, are
what it left. All others stay, and are named.

So are worktrees that a killed `git worktree add` had only begun: their HEAD names no commit yet,
and git refuses to fetch beside one.
"""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from errors import GitError, LockedError
from mission.private import private_folder
from workspace.disks import disk_met, git_met

PATIENCE = 10.0  # seconds for which a lock may be in somebody else's hands
PAUSE = 0.1  # seconds between two looks
_CHANGING = frozenset(
    {"commit", "fetch", "merge", "push", "read-tree", "reset", "symbolic-ref", "update-index"}
    | {"update-ref", "worktree"}
)
# Of these, the ones that can be given again: refused for a lock, they have changed nothing.
_REPEATED = _CHANGING - {"worktree"}
_EXISTS = re.compile(r"Unable to create '([^'\n]+\.lock)': File exists")
# What the remote has said stands behind these.
_OF_REMOTE = re.compile(r"remote:| ! \[remote ")
# Ours, which are kept and hold no lock but for the moment of a question; see `workspace.refs`.
_KEPT = (b"\0cat-file\0", b"\0mission-runner\0--stdin\0")
_SHARED = ("config", "HEAD", "index", "packed-refs", "shallow")  # beside refs, in a git folder


@dataclass(frozen=True, slots=True)
class Places:
    """The git folders in which a lock may be removed."""

    own: tuple[Path, ...] = ()
    remote: Path | None = None  # where it is a folder on this machine


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that a git command was refused for."""

    path: Path
    of_remote: bool  # its remote says so, which may name any path

    def __str__(self) -> str:
        said = "remote: " if self.of_remote else ""
        return f"{said}Unable to create '{self.path}': File exists"


def lock_in_the_way(said: str) -> Lock | None:
    """The lock that a git command was refused for; None: it was for something else."""
    found = _EXISTS.search(said)
    if found is None:
        return None
    line = said[said.rfind("\n", 0, found.start()) + 1 : found.start()]
    return Lock(Path(os.path.normpath(found[1])), of_remote=_OF_REMOTE.match(line) is not None)


def may_repeat(args: Sequence[str], said: str) -> bool:
    """Whether a command that was refused with these words may be given again in a moment."""
    return bool(args) and args[0] in _REPEATED and lock_in_the_way(said) is not None


def refusal(
    message: str,
    said: str,
    *,
    hint: str = "",
    folder: Path | None = None,
    places: Places | None = None,
) -> GitError:
    """The error for a command that git refused with these words, in `folder`: what they tell of
    locks counts, and of disks."""
    lock = lock_in_the_way(said)
    met = disk_met(said)
    if met is not None:
        return git_met(message, met, folder)
    if lock is None:
        return GitError(message, hint=hint)
    return LockedError(message, hint=remedy(lock, places or Places()))


def remedy(lock: Lock, places: Places) -> str:
    """What to type where a lock stays: nothing that removes a file where it may be no lock."""
    among = (places.remote,) if lock.of_remote else (*places.own, places.remote)
    where = lock.path.parent.resolve()
    if any(one is not None and where.is_relative_to(one.resolve()) for one in among):
        path = shlex.quote(str(lock.path))
        return f"If no git is at work there any more: `rm {path}`, and run again"
    if lock.of_remote:
        return "It is on the remote's machine: whoever runs that can remove it"
    return "It is in no git folder of this repository: whoever keeps what is there can remove it"


@dataclass(frozen=True, slots=True)
class GitLocks:
    """The locks of one repository."""

    common_dir: Path  # the git folder that all its worktrees share

    @property
    def _notes(self) -> Path:
        return self.common_dir / "mission-runner" / "under-way"

    @contextmanager
    def noted(self, args: Sequence[str]) -> Iterator[tuple[int, ...]]:
        """While a command of ours is under way: what it has to hold, so that it counts as under way
        as long as any of its processes lives. Nothing, where it changes nothing.

        Raises:
            OSError: It cannot be noted.
        """
        if not args or args[0] not in _CHANGING:
            yield ()
            return
        if not self._notes.is_dir():
            private_folder(self._notes, top=self._notes.parent)
        note, path = tempfile.mkstemp(prefix=f"{args[0]}-", dir=self._notes)
        try:
            fcntl.flock(note, fcntl.LOCK_EX)
            yield (note,)
        finally:
            Path(path).unlink(missing_ok=True)
            os.close(note)

    def clear(self) -> tuple[Path, ...]:
        """Remove the locks that commands of ours left when they were killed; which these were.

        A git that is still at work in the repository is waited for, for a moment. Where that does
        not end, or where it cannot be told, all locks stay.

        Raises:
            OSError: They cannot be removed.
        """
        left = self._left()
        if not left:
            return ()
        since = min(note.stat().st_mtime_ns for note in left)
        deadline = time.monotonic() + PATIENCE
        while (locks := self._locks(since)) or self._begun(since):
            if not self._at_work():
                break
            if time.monotonic() > deadline:
                return ()
            time.sleep(PAUSE)
        begun = self._begun(since)
        for record in begun:
            _forget(record)
        for path in (*locks, *left):
            path.unlink(missing_ok=True)
        return (*locks, *begun)

    def _left(self) -> tuple[Path, ...]:
        """The notes of commands that were killed."""
        found = sorted(self._notes.iterdir()) if self._notes.is_dir() else []
        return tuple(note for note in found if _is_free(note))

    def _locks(self, since: int) -> tuple[Path, ...]:
        """The locks of our user's that were made after `since` (nanoseconds)."""
        records = self.common_dir / "worktrees"
        folders = [self.common_dir, *(records.iterdir() if records.is_dir() else ())]
        found = [folder / f"{name}.lock" for folder in folders for name in _SHARED]
        for folder in folders:
            found.extend((folder / "refs").rglob("*.lock"))
        return tuple(sorted(path for path in set(found) if _is_ours(path, since)))

    def _begun(self, since: int) -> tuple[Path, ...]:
        """What git knows of worktrees that were begun after `since`, and never checked out."""
        records = self.common_dir / "worktrees"
        found = sorted(records.iterdir()) if records.is_dir() else []
        return tuple(one for one in found if _is_ours(one, since) and _is_begun(one))

    def _at_work(self) -> bool:
        """Whether a git of our user's, who made the locks, may be at work in this repository that
        is none of those that are kept."""
        if sys.platform != "linux":
            return True
        records = self.common_dir / "worktrees"
        places = [self.common_dir, self.common_dir.parent]
        for link in records.glob("*/gitdir"):
            with suppress(OSError):
                places.append(Path(link.read_text().strip()).parent)
        return any(_works_in(entry, places) for entry in Path("/proc").glob("[0-9]*"))


def _is_free(note: Path) -> bool:
    try:
        opened = os.open(note, os.O_RDONLY)
    except FileNotFoundError:
        return False  # its command has ended just now
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(opened)
    return note.exists()


def _is_ours(path: Path, since: int) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return found.st_uid == os.geteuid() and found.st_mtime_ns >= since


def _is_begun(record: Path) -> bool:
    try:
        head = (record / "HEAD").read_text()
    except OSError:
        head = ""
    return not head.strip("0\n") and not (record / "index").exists()


def _forget(record: Path) -> None:
    """Remove what git knows of a worktree, and its folder where nothing is in it."""
    with suppress(OSError):
        folder = Path((record / "gitdir").read_text().strip()).parent
        if [entry.name for entry in folder.iterdir()] == [".git"]:
            shutil.rmtree(folder)
    shutil.rmtree(record)


def _works_in(process: Path, places: Sequence[Path]) -> bool:
    try:
        if process.stat().st_uid != os.geteuid():
            return False
        name = (process / "comm").read_text()
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        if not name.startswith("git") or state == "Z":
            return False
        words = (process / "cmdline").read_bytes()
        where = (process / "cwd").readlink()
    except (FileNotFoundError, ProcessLookupError):
        return False  # it has ended
    except OSError:
        return True  # it may be there
    if any(kept in words for kept in _KEPT):
        return False
    near = any(where == place or place in where.parents for place in places)
    return near or any(os.fsencode(place) in words for place in places)
