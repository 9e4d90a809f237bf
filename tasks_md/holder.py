"""Who holds a mission, as the writer's lock notes it. The lock itself is in `tasks_md.lock`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from tasks_md.alive import started

_NOTE = "writer.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Who holds the lock."""

    host: str
    pid: int
    since: str  # ISO 8601, UTC
    command: str  # what was typed
    started: float | None = None  # when that process started, by `tasks_md.alive.started`

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
        return f"process {self.pid} on {self.host} since {self.since} ({self.command})"


def holder(lock_dir: Path) -> Holder | None:
    """Who holds the lock; None where nobody does, as far as this machine can tell.

    The note outlives a holder that was killed, so a process that is gone holds nothing, and neither
    does another one that got its pid. On another machine nobody can look: its note counts.
    """
    noted = read_note(lock_dir)
    if noted is None or (noted.host == os.uname().nodename and not _is_alive(noted)):
        return None
    return noted


def write_note(lock_dir: Path, note: Holder) -> None:
    """Note who holds the lock. Only the holder writes."""
    fresh = lock_dir / f"{_NOTE}.new"
    fresh.write_text(json.dumps(asdict(note)), encoding="utf-8")
    fresh.replace(lock_dir / _NOTE)


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


def _is_alive(noted: Holder) -> bool:
    since = started(noted.pid)
    return since is not None and noted.started in (None, since)
