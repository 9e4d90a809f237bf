"""Who holds a mission, as the writer's lock notes it. The lock itself is in `tasks_md.lock`."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

LOCK = "writer.lock"
_NOTE = "writer.json"
_PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Who holds the lock."""

    host: str
    pid: int
    since: str  # ISO 8601, UTC
    command: str  # what was typed
    started: float | None = None  # when that process started, by `started`

    @classmethod
    def this_process(cls) -> Self:
        return cls(
            host=os.uname().nodename,
            pid=os.getpid(),
            since=datetime.now(UTC).isoformat(timespec="seconds"),
            command=" ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200],
            started=started(os.getpid()),
        )

    def __str__(self) -> str:
        try:  # as people here tell it
            since = f"{datetime.fromisoformat(self.since).astimezone():%Y-%m-%d %H:%M:%S}"
        except ValueError:  # another program wrote the note
            since = self.since
        return f"process {self.pid} on {self.host} since {since} ({self.command})"


def holder(lock_dir: Path) -> Holder | None:
    """Who holds the lock; None where nobody does, as far as this machine can tell.

    The note outlives a holder that was killed, so a process that is gone holds nothing, and neither
    does another one that got its pid. On another machine nobody can look: its note counts. No
    process is started to find out.
    """
    noted = read_note(lock_dir)
    if noted is None or noted.host != os.uname().nodename:
        return noted
    holds = _is_alive(noted) if is_told_by_files() else _is_locked(lock_dir)
    return noted if holds else None


def write_note(lock_dir: Path, note: Holder) -> None:
    """Note who holds the lock. Only the holder writes."""
    fresh = lock_dir / f"{_NOTE}.new"
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(asdict(note)), encoding="utf-8")
    fresh.replace(lock_dir / _NOTE)


def note_file(lock_dir: Path) -> Path:
    """Where the note is, while somebody holds the lock."""
    return lock_dir / _NOTE


def remove_note(lock_dir: Path) -> None:
    """Nobody holds the lock any more."""
    (lock_dir / _NOTE).unlink(missing_ok=True)


def read_note(lock_dir: Path) -> Holder | None:
    """The note, if it is there and whole. It only serves messages; the lock is what counts."""
    try:
        data: Any = json.loads((lock_dir / _NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(data, Mapping):
        return None
    try:
        return Holder(**data)
    except TypeError:
        return None  # written by another version


def _is_locked(lock_dir: Path) -> bool:
    """Whether somebody holds the lock, where no file tells which processes there are. Looking takes
    a share of it for an instant; whoever wants the lock tries more than once."""
    try:
        with (lock_dir / LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # there is no lock, so nobody holds it
    return False


def _is_alive(noted: Holder) -> bool:
    since = started(noted.pid)
    return since is not None and noted.started in (None, since)


def is_told_by_files() -> bool:
    """Whether files say which processes there are; else only another process can tell."""
    return (_PROC / "self" / "stat").exists()


def started(pid: int) -> float | None:
    """When a process started, in seconds of a clock of this machine's; None if it is gone.

    Only good for comparing with an earlier answer for the same pid. A zombie counts as gone.
    """
    if is_told_by_files():
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
