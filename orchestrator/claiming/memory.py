"""What a clone remembers of the claim: which one it is, and where it left off."""

from __future__ import annotations

import hashlib
import secrets
import socket
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from mission.private import put_private, read_private

_ID = "clone"
_NO_SECRET = 0o644
_FILE = "claim-memory.json"
_Text = Annotated[str, Field(max_length=100)]


def clone_id(state_dir: Path, common_dir: Path) -> str:
    """What tells this clone from every other: one that was copied with all its files, too.

    Args:
        state_dir: The mission's own folder, which exists.
        common_dir: The git folder that all worktrees share.
    """
    file = state_dir / _ID
    if not file.exists():
        put_private(file, secrets.token_hex(16), replace=False)
        file.chmod(_NO_SECRET)  # whoever works in this clone works in this clone
    own = file.read_text(encoding="utf-8", errors="replace")
    place = common_dir.resolve()
    parts = (own, socket.gethostname(), str(place), str(place.stat().st_ino))
    text = "\0".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.sha256(text).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """What is remembered."""

    clone: _Text = ""  # which one remembers: files may have been copied
    left: _Text | None = None  # the commit of ours that the ref was left at
    seen: _Text | None = None  # a commit of another clone's
    since: AwareDatetime | None = None  # when that one was seen first
    signed: AwareDatetime | None = None  # the remote has what was journalled before that


@cache
def _memories() -> TypeAdapter[Memory]:
    return TypeAdapter(Memory)


def signed_at(state_dir: Path) -> datetime | None:
    """When the newest sign was made that the remote has of this clone; None: it has none, as far as
    is known here. What was journalled before that, another clone knows that goes on from there."""
    try:
        return _memories().validate_json(read_private(state_dir / _FILE) or "{}").signed
    except (OSError, ValidationError):
        return None


class MemoryFile:
    """Keeps it. Only the mission's writer uses it."""

    def __init__(self, state_dir: Path, clone: str) -> None:
        """`clone`: as `clone_id` has it."""
        self._file = state_dir / _FILE
        self._clone = clone

    def read(self) -> Memory:
        """What was remembered; nothing where it cannot be read: then the remote is asked."""
        nothing = Memory(clone=self._clone)
        try:
            known = _memories().validate_json(read_private(self._file) or "{}")
        except ValidationError:
            return nothing
        return known if known.clone == self._clone else nothing

    def left_at(self, commit: str, signed: datetime | None) -> None:
        """The ref is at a commit of ours; `signed`: what it holds is as it was then."""
        self._put(Memory(clone=self._clone, left=commit, signed=signed))

    def first_seen(self, commit: str, now: datetime) -> datetime:
        """When another clone's commit was seen first: now, if it never was before."""
        known = self.read()
        if known.seen == commit and known.since is not None and known.since <= now:
            return known.since
        self._put(replace(known, seen=commit, since=now))
        return now

    def _put(self, memory: Memory) -> None:
        put_private(self._file, _memories().dump_json(memory).decode(), replace=True)
