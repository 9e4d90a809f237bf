"""Saving a file durably, and knowing whether anybody has saved it since."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

_MOST_PIECES = 512  # in one write; systems take 1,024
_MOMENT = 20_000_000  # nanoseconds: more than a tick of the clock that file systems use


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """What the file system says of a file, some of which changes when somebody saves it."""

    file: tuple[int, int]  # device and inode
    size: int
    modified: int  # nanoseconds
    changed: int
    mode: int
    owner: tuple[int, int]  # user and group

    @classmethod
    def of(cls, file: int) -> Version:
        """Of an open file: to open it makes network file systems look, where `stat` may not."""
        found = os.fstat(file)
        return cls(
            file=(found.st_dev, found.st_ino),
            size=found.st_size,
            modified=found.st_mtime_ns,
            changed=found.st_ctime_ns,
            mode=stat.S_IMODE(found.st_mode),
            owner=(found.st_uid, found.st_gid),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Saving:
    """One saving of a file, by the version that it left."""

    version: Version
    ours: bool = False  # stamped by `NewFile`: no other saving leaves this version
    settled: bool = False  # long over when it was seen: no later saving leaves this version

    @classmethod
    def seen(cls, version: Version) -> Saving:
        """The last one of a file that was just opened, whoever saved it."""
        saved = max(version.modified, version.changed)
        return cls(version=version, settled=time.time_ns() - saved > _MOMENT)


def version_at(path: Path) -> Version | None:
    """The version of the file there; None where it cannot be opened."""
    file = _opened(path)
    if file is None:
        return None
    try:
        return Version.of(file)
    finally:
        os.close(file)


def _opened(path: Path) -> int | None:
    try:
        # A pipe in the file's place is not waited for; whoever reads it refuses it.
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None


class NewFile:
    """A file that is on disk and takes another one's place, or goes. A context manager.

    Its time of modification is set, to the nanosecond. Whoever saves it leaves the time of the file
    system's clock, which ticks some hundred times a second: two saves within a tick look alike, but
    none looks like ours.
    """

    def __init__(self, path: Path, pieces: Iterable[bytes], *, like: Version) -> None:
        """Write it, with the mode, and if possible the owner, of another one.

        Raises:
            OSError: It cannot be written, or there is one already.
        """
        self._path = path
        self._placed = False
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        try:
            if like.owner != (os.getuid(), os.getgid()):
                with contextlib.suppress(PermissionError):  # only root may give files away
                    os.fchown(self._file, *like.owner)
            os.fchmod(self._file, like.mode)
            _write_all(self._file, pieces)
            self._stamp = time.time_ns()
            os.utime(self._file, ns=(self._stamp, self._stamp))
            os.fsync(self._file)
        except BaseException:
            self._drop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._drop()

    def replace(self, path: Path) -> Saving:
        """Take the place of the file there, durably.

        Raises:
            OSError: It cannot. Where only the folder cannot be flushed, it is there all the same.
        """
        with _freed_aside(path):
            self._path.replace(path)
            self._placed = True
            version = Version.of(self._file)
            _sync_folder(path.parent)
        # A file system that keeps coarser times has rounded the stamp.
        return Saving(version=version, ours=version.modified == self._stamp)

    def _drop(self) -> None:
        os.close(self._file)
        if not self._placed:
            with contextlib.suppress(OSError):  # the next writer removes it
                self._path.unlink()


def _write_all(file: int, pieces: Iterable[bytes]) -> None:
    """In few big writes: many small ones take a quarter longer, until the file is on disk."""
    left: deque[bytes | memoryview] = deque(piece for piece in pieces if piece)
    while left:
        written = os.writev(file, [*islice(left, _MOST_PIECES)])
        while left and written >= len(left[0]):
            written -= len(left.popleft())
        if written:
            left[0] = memoryview(left[0])[written:]


@contextlib.contextmanager
def _freed_aside(path: Path) -> Iterator[None]:
    """Let nobody wait until the space of a big file that is replaced in here is free again.

    A file goes when nobody has it open any more, which can take as long as half of writing another.
    So it is kept open until its successor is safe, and closed on a thread.
    """
    replaced = _opened(path)
    try:
        yield
    finally:
        if replaced is not None:
            try:
                threading.Thread(target=os.close, args=(replaced,)).start()
            except RuntimeError:  # no more threads, or the interpreter is about to end
                os.close(replaced)


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
