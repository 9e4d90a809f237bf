"""The single writer's lock. The operating system frees it with its holder."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from errors import WriterBusyError
from tasks_md.holder import LOCK, Holder, read_note, remove_note, write_note


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
        self._dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Whoever releases it may be another thread than the one that acquired it.
        lock = FileLock(self._dir / LOCK, mode=0o600, thread_local=False)
        try:
            lock.acquire(timeout=timeout, poll_interval=0.02)
        except Timeout:
            raise _busy(self._dir) from None
        self._lock = lock
        write_note(self._dir, Holder.this_process())

    def release(self) -> None:
        """Give the lock back. Nothing happens where it is not held."""
        if self._lock is None:
            return
        remove_note(self._dir)
        self._lock.release()
        self._lock = None


def refuse_if_held(lock_dir: Path, timeout: float = 0.0) -> None:
    """Look whether the lock could be taken, and leave no note: it may be taken right after.

    Args:
        timeout: How many seconds to wait for it.

    Raises:
        WriterBusyError: Somebody holds it.
    """
    if not (lock_dir / LOCK).exists():
        return
    try:
        with FileLock(lock_dir / LOCK, mode=0o600).acquire(timeout=timeout, poll_interval=0.02):
            return
    except Timeout:
        raise _busy(lock_dir) from None


def _busy(lock_dir: Path) -> WriterBusyError:
    return WriterBusyError(
        f"this mission is held by {read_note(lock_dir) or 'another process'}",
        hint="It alone writes the task file: wait for its end, or press Ctrl-C where it runs",
    )
