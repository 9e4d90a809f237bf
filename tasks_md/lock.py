"""The single writer's lock, and who holds it. The operating system frees it with its holder."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from mission.errors import WriterBusyError

_LOCK = "writer.lock"
_HOLDER = "writer.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Who holds the lock."""

    host: str
    pid: int
    since: str  # ISO 8601, UTC
    command: str  # what was typed

    @classmethod
    def this_process(cls) -> Self:
        return cls(
            host=socket.gethostname(),
            pid=os.getpid(),
            since=datetime.now(UTC).isoformat(timespec="seconds"),
            command=" ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200],
        )

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since} ({self.command})"


def holder(lock_dir: Path) -> Holder | None:
    """Who holds the lock; None where nobody does, as far as this machine can tell.

    The note outlives a holder that was killed, so a process that is gone holds nothing. On
    another machine nobody can look: its note counts.
    """
    noted = _read_note(lock_dir)
    if noted is None or (noted.host == socket.gethostname() and not _is_alive(noted.pid)):
        return None
    return noted


class WriterLock:
    """The lock file of one mission with the note beside it."""

    def __init__(self, lock_dir: Path) -> None:
        self._dir = lock_dir
        self._lock: FileLock | None = None

    @property
    def held(self) -> bool:
        return self._lock is not None

    def acquire(self, timeout: float = 0.0) -> None:
        """Take the lock.

        Args:
            timeout: How many seconds to wait for it.

        Raises:
            WriterBusyError: Somebody else holds it.
        """
        self._dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._dir / _LOCK)
        try:
            lock.acquire(timeout=timeout, poll_interval=0.02)
        except Timeout:
            who = _read_note(self._dir)
            raise WriterBusyError(
                f"this mission is held by {who or 'another process'}",
                hint="It is the single writer of the task file: wait for it, or stop it",
            ) from None
        self._lock = lock
        _write_note(self._dir, Holder.this_process())

    def release(self) -> None:
        """Give the lock back. Nothing happens where it is not held."""
        if self._lock is None:
            return
        with contextlib.suppress(FileNotFoundError):  # a person may have tidied up
            (self._dir / _HOLDER).unlink()
        self._lock.release()
        self._lock = None


def _write_note(lock_dir: Path, note: Holder) -> None:
    fresh = lock_dir / f"{_HOLDER}.new"
    fresh.write_text(json.dumps(asdict(note)), encoding="utf-8")
    fresh.replace(lock_dir / _HOLDER)


def _read_note(lock_dir: Path) -> Holder | None:
    """The note, if it is there and whole. It only serves messages; the lock is what counts."""
    try:
        data: Any = json.loads((lock_dir / _HOLDER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(data, Mapping):
        return None
    try:
        return Holder(**data)
    except TypeError:
        return None  # written by another version


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's process
    return True
