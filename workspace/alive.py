"""Ending a process noted earlier, which may have outlived the run that started it."""

from __future__ import annotations

import os
import signal
import time

from tasks_md.holder import is_alive, started

__all__ = ["end_leftover", "is_alive", "started"]


def end_leftover(pid: int, since: float, *, seconds: float = 30.0) -> bool:
    """End what an earlier run left running, given its supervisor; True once it is gone.

    A supervisor whose runner died is ending its tree by itself. Asking again is for one that did
    not notice; waiting is for both, since the tree may still be writing to its worktree.
    """
    deadline = time.monotonic() + seconds
    asked = False
    while is_alive(pid, since):
        if not asked:
            os.kill(pid, signal.SIGTERM)
            asked = True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
