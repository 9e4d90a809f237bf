"""A lock that a child process holds for as long as it lives."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class ProcessLock:
    """A lock file that says whether a process is alive, without its process id.

    The child inherits the locked file; the system drops the lock when the child ends, however it
    ends. So neither a crash nor a process id that was given away again deceives anybody.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def held(self) -> bool:
        """Whether the child is alive."""
        try:
            handle = os.open(self.path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    @contextmanager
    def taken(self) -> Iterator[int]:
        """The locked file, for a child to inherit (`pass_fds`). Ours is closed at the end."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # Blocks only for the instant in which somebody looks whether it is held.
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)
