"""How the files of a folder were when git had just written them, and which of them still are so."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from workspace.file_system import times_tell

#: A change within this time of a look, in ns, may carry the same instant: systems count in ticks
#: of up to 10 ms.
_TICK = 50_000_000
_SECOND = 1_000_000_000  # where a time has no part of one, the disk may know none
_CHUNK = 1 << 20  # bytes

_Status = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file, as the system and its bytes describe it."""

    status: _Status
    digest: bytes | None  # of its content; None: it was not read


@dataclass(frozen=True, slots=True)
class Files:
    """What git has just written, before anybody else could. Paths are relative, as git's."""

    top: tuple[object, ...]  # the folder itself
    files: dict[str, _Seen]
    folders: dict[str, tuple[object, ...]]
    whole: bool  # whether every file is read, and not only looked at

    @classmethod
    def of(cls, folder: Path, *, whole: bool) -> Files:
        """All that is in a folder but git's mark.

        Args:
            whole: Whether to read every file also where times tell of each change.

        Raises:
            OSError: It cannot be read.
        """
        whole = whole or not times_tell(folder)
        files: dict[str, _Seen] = {}
        folders: dict[str, tuple[object, ...]] = {}
        todo = [""]
        now = time.time_ns()
        while todo:
            below = todo.pop()
            with os.scandir(folder / below) as entries:
                for entry in entries:
                    path = below + entry.name
                    if path == ".git":
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders[path] = _folder(entry.path)
                        todo.append(f"{path}/")
                    else:
                        files[path] = _seen(entry.path, now, whole=whole)
        return cls(_folder(os.fspath(folder)), files, folders, whole)

    def with_new(self, folder: Path, paths: Iterable[str]) -> Files:
        """These, and those that git has just written at `paths`.

        Raises:
            OSError: One cannot be read.
        """
        files, folders, now = dict(self.files), dict(self.folders), time.time_ns()
        for path in paths:
            where = os.fspath(folder / path)
            with suppress(FileNotFoundError):  # where names differ in what a disk takes for one
                if not stat.S_ISDIR(os.lstat(where).st_mode):
                    files[path] = _seen(where, now, whole=self.whole)
            above = path.rpartition("/")[0]
            while above and above not in folders:
                folders[above] = _folder(os.fspath(folder / above))
                above = above.rpartition("/")[0]
        return Files(self.top, files, folders, self.whole)

    def sift(
        self, folder: Path, *, changed: Collection[str], spared: Collection[str]
    ) -> tuple[Files, frozenset[str]]:
        """Remove from a folder what is not exactly as it was, and what is to change.

        Args:
            changed: Paths that go in any case.
            spared: Paths of folders that stay with all that is in them, if they hold none of these.

        Returns:
            What is left of these, and which folders were spared.

        Raises:
            OSError: The folder is another one by now, or something cannot be read or removed.
            RecursionError: As before: folders lie too deep in each other.
        """
        if _folder(os.fspath(folder)) != self.top:
            raise OSError(f"{folder} is not as it was")
        tracked = {above for path in changed for above in _above(path)} if spared else set()
        free = frozenset(spared) - self.folders.keys() - tracked
        sieve = _Sieve(self, frozenset(changed), free)
        sieve.sift(folder, "")
        return Files(self.top, sieve.left, sieve.folders, self.whole), frozenset(sieve.passed)


class _Sieve:
    def __init__(self, files: Files, changed: frozenset[str], spared: frozenset[str]) -> None:
        self.left: dict[str, _Seen] = {}
        self.folders: dict[str, tuple[object, ...]] = {}
        self.passed: set[str] = set()
        self._files, self._changed, self._spared = files, changed, spared

    def sift(self, folder: Path, below: str) -> bool:
        """Whether anything is left in a folder; `below` is its path, with a slash."""
        left = False
        with os.scandir(folder) as entries:
            found = list(entries)
        for entry in found:
            path = below + entry.name
            if entry.is_dir(follow_symlinks=False):
                left |= self._folder(Path(entry.path), path)
            elif path not in self._changed and self._as_it_was(path, entry.path):
                self.left[path] = self._files.files[path]
                left = True
            else:
                os.unlink(entry.path)  # noqa: PTH108 - thousands of them
        return left

    def _folder(self, folder: Path, path: str) -> bool:
        if path in self._spared:
            self.passed.add(path)
            return True
        known = self._files.folders.get(path)
        passing = any(one.startswith(f"{path}/") for one in self._spared)
        if (known is None and not passing) or (known is not None and _folder(folder) != known):
            delete_whole(folder)
            return False
        if not self.sift(folder, f"{path}/"):
            folder.rmdir()
            return False
        if known is not None:
            self.folders[path] = known
        return True

    def _as_it_was(self, path: str, where: str) -> bool:
        known = self._files.files.get(path)
        if known is None or _status(where) != known.status:
            return False
        return known.digest is None or _digest(where, known.status) == known.digest


def delete_whole(folder: Path) -> None:
    """Remove a folder with all that is in it, whoever may not read or change what is there.

    Raises:
        OSError: Something cannot be removed.
    """
    if folder.is_symlink():
        folder.unlink()
        return
    with suppress(FileNotFoundError):
        folder.chmod(0o700)
    for where, folders, _ in os.walk(folder):
        for name in folders:
            inner = Path(where, name)
            if not inner.is_symlink():
                inner.chmod(0o700)
    if os.path.lexists(folder):
        shutil.rmtree(folder)


def _seen(where: str, now: int, *, whole: bool) -> _Seen:
    status = _status(where)
    just_now = status[-1] > now - _TICK or status[-1] % _SECOND == 0
    return _Seen(status, _digest(where, status) if whole or just_now else None)


def _status(where: str) -> _Status:
    found = os.lstat(where)
    return (
        *(found.st_mode, found.st_dev, found.st_ino, found.st_nlink, found.st_uid, found.st_gid),
        *(found.st_size, found.st_mtime_ns, found.st_ctime_ns),
    )


def _folder(where: Path | str) -> tuple[object, ...]:
    """Of a folder, all but what changes with what is in it."""
    found = os.lstat(where)
    named: Callable[..., list[str]] = getattr(os, "listxattr", lambda *_, **__: [])
    extra = tuple(
        (name, os.getxattr(where, name, follow_symlinks=False))
        for name in sorted(named(where, follow_symlinks=False))
    )
    return found.st_mode, found.st_dev, found.st_ino, found.st_uid, found.st_gid, extra


def _above(path: str) -> list[str]:
    """A path, and those of the folders that it is in."""
    parts = path.split("/")
    return ["/".join(parts[:number]) for number in range(1, len(parts) + 1)]


def _digest(where: str, status: _Status) -> bytes:
    """Of what a file holds, or a link, that was found with this status."""
    if stat.S_ISLNK(status[0]):
        return hashlib.sha256(os.fsencode(os.readlink(where))).digest()  # noqa: PTH115
    whole, size = hashlib.sha256(), status[6]
    most = min(size, _CHUNK) + 1  # so that one read tells that there is no more
    opened = os.open(where, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        while chunk := os.read(opened, most):
            whole.update(chunk)
            if len(chunk) < most <= _CHUNK:
                break
    finally:
        os.close(opened)
    return whole.digest()
