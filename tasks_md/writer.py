"""The only code that writes a task file."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from mission.errors import TaskFileError, UsageError
from tasks_md.edit import CellChange, apply
from tasks_md.holder import Holder, holder
from tasks_md.lock import WriterLock
from tasks_md.model import Dialect, Plan
from tasks_md.parse import decode, encode, parse, read_bytes

__all__ = ["Holder", "StatusWriter", "holder"]

_MOMENT = 20_000_000  # nanoseconds: more than a tick of the clock that file systems use
_ROUNDS = 20  # how often somebody may save the file just while we write it


class StatusWriter:
    """Holds the mission's lock and sets cells of its task file.

    Each `apply` reads the file again, so that what a person wrote meanwhile stays, and writes it
    once: into a temporary file beside it that then takes its place. Readers see the old file or
    the new one, whole.
    """

    def __init__(self, path: Path, *, lock_dir: Path, dialect: Dialect | None = None) -> None:
        """`lock_dir` is made where it is missing; one mission has one, whatever its path is."""
        self._named = path
        self._dialect = dialect or Dialect()
        self._lock = WriterLock(lock_dir)
        self._turn = threading.RLock()  # merges read and rewrite the file on their own threads
        self._bytes: bytes | None = None
        self._plan: Plan | None = None
        self._lengths: list[int] | None = None  # of the lines of `_plan` in `_bytes`
        self._seen: _Version | None = None  # of the file, just before it was read
        self._read_at = 0  # nanoseconds since the epoch

    def __enter__(self) -> Self:
        if not self._lock.held:
            self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    @property
    def dialect(self) -> Dialect:
        """How the file differs from the usual words."""
        return self._dialect

    @property
    def path(self) -> Path:
        """The file itself, behind any symbolic links."""
        return Path(os.path.realpath(self._named))

    def acquire(self, timeout: float = 0.0) -> None:
        """Become the writer.

        Args:
            timeout: How many seconds to wait for whoever is it now.

        Raises:
            WriterBusyError: Somebody else is; the message says who.
        """
        self._lock.acquire(timeout)
        self._leftover.unlink(missing_ok=True)  # of a writer that was killed

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    def read(self) -> Plan:
        """The file as it is now. It is parsed again only if it changed.

        Raises:
            TaskFileError: It cannot be read.
        """
        with self._turn:
            self._seen, self._read_at = _version(self.path), time.time_ns()
            data = read_bytes(self.path)
            if self._plan is None or data != self._bytes:
                self._plan = self._parse(decode(data))
                self._bytes, self._lengths = data, None
            return self._plan

    def apply(self, changes: Sequence[CellChange]) -> Plan:
        """Set these cells, all of them or none, and return the new plan.

        Raises:
            RowConflictError: A cell is not as its change expects it.
            TaskFileError: There is no such row or column, or the file cannot be written.
            UsageError: The lock is not held.
        """
        return self._write(lambda plan: apply(plan, changes), [change.task for change in changes])

    def rewrite(self, edit: Callable[[Plan], str]) -> Plan:
        """Replace the text by what `edit` makes of the file as it is, and return the new plan.

        Raises:
            TaskFileError: The file cannot be written.
            UsageError: The lock is not held.
        """
        return self._write(lambda plan: self._parse(edit(plan)))

    def _parse(self, text: str) -> Plan:
        return parse(text, path=str(self._named), dialect=self._dialect)

    def _write(self, edit: Callable[[Plan], Plan], tasks: Sequence[str] | None = None) -> Plan:
        """Write what `edit` makes of the file: it touches the rows of `tasks`; None: any line."""
        if not self._lock.held:
            raise UsageError("the task file is written under the writer's lock only")
        with self._turn:
            for _ in range(_ROUNDS):
                before = self.read()
                plan = edit(before)
                data, lengths = self._encoded(before, plan, tasks)
                if data == self._bytes or self._replace(data):
                    self._bytes, self._plan, self._lengths = data, plan, lengths
                    return plan
        raise TaskFileError(
            "somebody else keeps writing the file",
            hint="Close the program that does, then run the command again",
            path=str(self._named),
        )

    def _encoded(
        self, before: Plan, after: Plan, tasks: Sequence[str] | None
    ) -> tuple[bytes, list[int] | None]:
        """The new plan as bytes, and its lines' lengths. Encoding all of a big file takes longer
        than writing it, so the bytes around the touched rows are taken over."""
        if tasks is None or self._bytes is None:
            return encode(after.text), None
        lengths = self._lengths or [len(encode(line)) for line in before.lines]
        lengths, old = lengths.copy(), memoryview(self._bytes)
        pieces: list[bytes | memoryview] = []
        copied = line = 0  # how much of the old file is in `pieces`: bytes, and lines
        for at in sorted({before.task(name).line - 1 for name in tasks}):
            start = copied + sum(lengths[line:at])
            row = encode(after.lines[at])
            pieces += (old[copied:start], row)
            copied, line = start + lengths[at], at + 1
            lengths[at] = len(row)
        return b"".join((*pieces, old[copied:])), lengths

    def _is_as_read(self) -> bool:
        """Whether nobody has saved the file since it was read.

        Where the file was read within a moment of being saved, its times may not tell a second
        save from the first, so then its bytes are compared.
        """
        now = _version(self.path)
        if now != self._seen or now is None:
            return False
        saved = max(now.modified, now.changed)
        return self._read_at - saved > _MOMENT or read_bytes(self.path) == self._bytes

    @property
    def _leftover(self) -> Path:
        """Where new content is written first. There is one writer, so one name is enough."""
        path = self.path
        return path.with_name(f".{path.name}.mission-new")

    def _replace(self, data: bytes) -> bool:
        """Put `data` in the file's place; False if the file is no longer what was read."""
        path, fresh = self.path, self._leftover
        try:
            fresh.unlink(missing_ok=True)
            _write_new(fresh, data, like=path.stat())
            if not self._is_as_read():
                fresh.unlink()
                return False
            fresh.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):  # the first error is the one to tell
                fresh.unlink(missing_ok=True)
            reason = error.strerror or type(error).__name__
            raise TaskFileError(f"cannot be written: {reason}", path=str(self._named)) from error
        return True


@dataclass(frozen=True, kw_only=True, slots=True)
class _Version:
    """What changes when somebody saves a file."""

    file: tuple[int, int]  # device and inode
    size: int
    modified: int  # nanoseconds
    changed: int


def _version(path: Path) -> _Version | None:
    """The file's version; None where it cannot be looked at."""
    try:
        found = path.stat()
    except OSError:
        return None
    return _Version(
        file=(found.st_dev, found.st_ino),
        size=found.st_size,
        modified=found.st_mtime_ns,
        changed=found.st_ctime_ns,
    )


def _write_new(path: Path, data: bytes, *, like: os.stat_result) -> None:
    """A new file with the mode, and if possible the owner, of another one; on disk when done."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        if (like.st_uid, like.st_gid) != (os.getuid(), os.getgid()):
            with contextlib.suppress(PermissionError):  # only root may give files away
                os.fchown(file.fileno(), like.st_uid, like.st_gid)
        os.fchmod(file.fileno(), stat.S_IMODE(like.st_mode))
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
