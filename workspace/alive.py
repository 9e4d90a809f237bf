"""Ending a process noted earlier, which may have outlived the run that started it."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tasks_md.holder import is_alive, started
from workspace.supervisor import MARK

__all__ = ["end_leftover", "is_alive", "lives_in", "numbers", "started"]

_GRACE = 1.0  # seconds from asking to ending
_PAUSE = 0.02  # seconds between two looks


def numbers() -> str:
    """Tells where a process number means the same process as here, and can be looked up: the same
    boot, the same namespace, the same user (others' processes may be hidden, proc(5)). Empty where
    the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return ""
    return hashlib.sha256(f"{boot} {namespace} {os.getuid()}".encode()).hexdigest()[:32]


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
        time.sleep(_PAUSE)
    return _end_marked(pid, since, deadline)


def _end_marked(pid: int, since: float, deadline: float) -> bool:
    """End what a supervisor left that was killed before its tree: all of it is marked."""
    mark = f"{MARK}={pid}-{round(since * os.sysconf('SC_CLK_TCK'))}".encode()
    kill_from = time.monotonic() + _GRACE
    while left := [one for one in _processes() if mark in _environment(one)]:
        killing = time.monotonic() > kill_from
        for process in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(int(process.name), signal.SIGKILL if killing else signal.SIGTERM)
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True


def lives_in(folder: Path) -> int | None:
    """The pid of a process that works in a folder or below it, without a terminal: no person's
    shell, and not we. None: there is none, or this system does not tell."""
    whole = folder.resolve()
    for process in _processes():
        with suppress(OSError):
            where = (process / "cwd").readlink()
            inside = where == whole or whole in where.parents
            if inside and not _has_terminal(process) and int(process.name) != os.getpid():
                return int(process.name)
    return None


def touched_by(folder: Path) -> int | None:
    """The pid of any other process that has to do with a folder, or may: it works there or below,
    has something there open, or in its memory. None: there is none. 0: this system does not tell.

    A process of somebody else's, which hides what it does, could not write there either.
    """
    if not Path("/proc/self/fd").is_dir():
        return 0
    whole, ours = os.fsencode(folder.resolve()), str(os.getpid())
    for pid in filter(str.isdecimal, os.listdir("/proc")):  # noqa: PTH208 - as below
        with suppress(OSError):
            if pid != ours and _touches(f"/proc/{pid}", whole):
                return int(pid)
    return None


def _touches(process: str, folder: bytes) -> bool:
    links = [f"{process}/{name}" for name in ("cwd", "root", "exe")]
    with suppress(OSError):
        links += [f"{process}/fd/{name}" for name in os.listdir(f"{process}/fd")]  # noqa: PTH208
    for link in links:
        with suppress(OSError):
            if _is_in(os.fsencode(os.readlink(link)), folder):  # noqa: PTH115 - thousands of them
                return True
    with open(f"{process}/maps", "rb") as file:  # noqa: PTH123
        maps = file.read()
    # address, permissions, offset, device, inode, and then the path
    return folder in maps and any(
        _is_in(line.split(maxsplit=5)[-1], folder) for line in maps.splitlines()
    )


def _is_in(path: bytes, folder: bytes) -> bool:
    return path.startswith(folder) and path[len(folder) : len(folder) + 1] in (b"", b"/", b" ")


def _processes() -> Iterator[Path]:
    """Every process that is no zombie, where the system has a folder for each."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if _fields(process)[0] != b"Z":
                yield process


def _environment(process: Path) -> list[bytes]:
    """What it was started with; nothing, where that is somebody else's."""
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _has_terminal(process: Path) -> bool:
    return _fields(process)[4] != b"0"  # proc(5): tty_nr


def _fields(process: Path) -> list[bytes]:
    """What proc(5) lists after a process's name, from its state on."""
    return (process / "stat").read_bytes().rpartition(b")")[2].split()
