"""What bubblewrap can do on this machine: the strictest way to start it that works here."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from resource import RLIM_INFINITY, RLIMIT_NPROC, getrlimit

PROGRAM = "bwrap"

# Whatever else holds: no capability, which root would keep otherwise, and with which it could
# mount everything writable again; no other process, no shared memory, nothing that outlives us.
# The kernel gives no new privileges to what bubblewrap starts (`no_new_privs`), and the supervisor
# has put it into a session without a terminal: one of its own would keep signals from it.
_ALWAYS = (
    *("--die-with-parent", "--cap-drop", "ALL"),
    *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
)
# In a user namespace the capabilities would be over nothing, and files of others cannot be given
# away. In one that allows no further ones, none can be had again by making another.
_WAYS = (
    ("--unshare-user", "--disable-userns"),  # from 0.8 on
    ("--unshare-user",),
    (),  # where the system allows no user namespaces: then bubblewrap is setuid, or we are root
)
_PROBE = ("--ro-bind", "/", "/", "--proc", "/proc", "--", "true")
_LIMIT = 20.0  # seconds


def isolation() -> tuple[str, ...]:
    """The options that take all privileges, and the sight of other processes, from a program."""
    return _probed()[0]


#: How many processes and threads may run in one sandbox. The kernel does not count those of root.
MOST_PROCESSES = 4096
#: How large what is written to each folder of its own may become, and never more than half of the
#: machine's memory, where it is kept. Bytes.
MOST_SCRATCH = 4 << 30


def bounded(argv: Sequence[str]) -> list[str]:
    """`argv`, which may start so many processes, where the system has the program for it. A limit
    that is there already and lower stays: only root may raise it."""
    limiter = shutil.which("prlimit", path="/usr/bin:/bin")
    if limiter is None:
        return list(argv)
    there = [one for one in getrlimit(RLIMIT_NPROC) if one != RLIM_INFINITY]
    return [limiter, f"--nproc={min([MOST_PROCESSES, *there])}", "--", *argv]


@cache
def size_of_scratch() -> tuple[str, ...]:
    """The options that bound the next empty folder, where bubblewrap knows them (from 0.7 on)."""
    try:
        asked = subprocess.run(
            [PROGRAM, "--help"], check=False, capture_output=True, timeout=_LIMIT
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    known = b"--size" in asked.stdout + asked.stderr
    return ("--size", str(min(MOST_SCRATCH, half))) if known else ()


def why_not() -> str | None:
    """Why bubblewrap cannot be used here, with the remedy; None if it can."""
    if shutil.which(PROGRAM) is None:
        return (
            "bubblewrap is not installed: apt-get install bubblewrap, or set `sandbox.type: tool`"
        )
    reason = _probed()[1]
    return reason and (
        f"bubblewrap cannot make its namespaces here ({reason}): allow user namespaces"
        " (`sysctl kernel.unprivileged_userns_clone user.max_user_namespaces` shows them), or set"
        " `sandbox.type: tool`"
    )


@cache
def _probed() -> tuple[tuple[str, ...], str | None]:
    """The strictest options that work, and None; else the strictest, and why none works."""
    reason = ""
    for way in _WAYS:
        options = (*_ALWAYS, *way)
        try:
            probe = subprocess.run(
                [PROGRAM, *options, *_PROBE],
                check=False,
                capture_output=True,
                timeout=_LIMIT,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return (*_ALWAYS, *_WAYS[0]), str(error)
        if probe.returncode == 0:
            return options, None
        reason = probe.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return (*_ALWAYS, *_WAYS[0]), reason or "it does not say why"
