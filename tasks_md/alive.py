"""Whether a process noted earlier still lives: its pid alone may be another process's by now."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

_PROC = Path("/proc")


def started(pid: int) -> float | None:
    """When a process started, in seconds of a clock of this machine's; None if it is gone.

    Only good for comparing with an earlier answer for the same pid. A zombie counts as gone.
    """
    if (_PROC / "self" / "stat").exists():
        try:
            stat = (_PROC / str(pid) / "stat").read_bytes()
        except OSError:
            return None
        # proc(5): the name, in parentheses, may hold anything; the state is the field after it,
        # the start time (in clock ticks since boot) the twentieth.
        fields = stat.rpartition(b")")[2].split()
        return None if fields[0] == b"Z" else int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return _started_by_ps(pid)


def _started_by_ps(pid: int) -> float | None:
    """The same for systems without /proc, to the second."""
    listed = subprocess.run(
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)],
        env={"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, since = listed.stdout.strip().partition(" ")
    if not since or state.startswith("Z"):
        return None
    return time.mktime(time.strptime(since.strip(), "%a %b %d %H:%M:%S %Y"))


def is_alive(pid: int, since: float) -> bool:
    """Whether the process with this pid is still the one that started at `since`."""
    return started(pid) == since
