"""Pausing a mission: a file that holds dispatch, pushes and merges until it is gone.

`mission pause` writes it into the folder where the runner keeps this mission's state. A person
without the command does the same with a file `PAUSED` beside the `TASKS.md`. What runs is left to
finish.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gates.protocol import GateRequest, GateState, GateVerdict
from mission.private import private_folder

PAUSED_FILE = "PAUSED"  # beside the TASKS.md
_LONGEST = 1000  # bytes of a reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Paused:
    """A pause that is in force."""

    path: Path  # the file that says so
    since: datetime
    by: str  # who asked for it; empty when unknown
    reason: str  # empty when none was given

    @property
    def detail(self) -> str:
        """One line for people."""
        by = f" by {self.by}" if self.by else ""
        reason = f": {self.reason}" if self.reason else ""
        return f"paused{by}{reason}; `mission unpause` goes on"


@dataclass(frozen=True, kw_only=True, slots=True)
class PauseFiles:
    """The two places in which a pause may be written."""

    own: Path  # in the runner's state folder, written by `mission pause`
    beside: Path  # PAUSED beside the task file

    @classmethod
    def of(cls, *, state_dir: Path, folder: Path) -> PauseFiles:
        """Those of a mission, by its state folder and the folder of its task file."""
        return cls(own=state_dir / "paused", beside=folder / PAUSED_FILE)

    def read(self) -> Paused | None:
        """The pause in force; None when there is none. A file that cannot be read counts: it is
        there."""
        for path in (self.own, self.beside):
            try:
                status = path.lstat()
            except (FileNotFoundError, NotADirectoryError):
                continue
            said = _content(path)
            since = datetime.fromtimestamp(status.st_mtime, UTC)
            return Paused(
                path=path, since=since, by=said.get("by", ""), reason=said.get("reason", "")
            )
        return None

    def write(self, *, by: str, reason: str) -> Paused:
        """Pause. A pause that is in force stays as it is."""
        found = self.read()
        if found is not None:
            return found
        private_folder(self.own.parent)
        handle, name = tempfile.mkstemp(dir=self.own.parent, prefix=".paused-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"by": by, "reason": reason}, file)
        Path(name).replace(self.own)
        return Paused(path=self.own, since=datetime.now(UTC), by=by, reason=reason)

    def remove(self) -> tuple[Path, ...]:
        """Go on. The files that were removed; none when nothing was paused."""
        removed = []
        for path in (self.own, self.beside):
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError):
                continue
            removed.append(path)
        return tuple(removed)


def _content(path: Path) -> dict[str, str]:
    """What a pause file says. A `PAUSED` that somebody wrote by hand holds a reason, or nothing."""
    try:
        # Who writes the tree makes it what it likes: a link to any file, a pipe without an end.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            regular = stat.S_ISREG(os.fstat(handle).st_mode)
            text = file.read(_LONGEST).decode("utf-8", "replace").strip() if regular else ""
    except OSError as error:
        if error.errno == errno.ELOOP:
            return {"reason": f"{path} is a link, which is not followed"}
        return {"reason": f"{path} cannot be read ({error.strerror})"}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return {key: value for key, value in found.items() if isinstance(value, str)}
    return {"reason": " ".join(text.split())}


@dataclass(frozen=True, kw_only=True, slots=True)
class PauseGate:
    """Busy while the mission is paused."""

    files: PauseFiles
    counted: bool = False  # whether the wait uses up the caller's time; a person asked for it
    name: str = "pause"

    def check(self, request: GateRequest) -> GateVerdict:
        paused = self.files.read()
        if paused is None:
            return GateVerdict(
                state=GateState.CLEAR, gate=self.name, detail="not paused", commit=request.commit
            )
        return GateVerdict(
            state=GateState.BUSY,
            gate=self.name,
            detail=paused.detail,
            since=paused.since,
            uncounted=not self.counted,
        )
