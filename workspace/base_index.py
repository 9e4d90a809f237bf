"""What was read of the base's history, kept in a file, so that it is not read again.

A cache: without it, or where it is damaged, all of the history is read once more.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mission.private import new_private
from policy.merged import Recorded

_VERSION = 1  # of what is looked for in commits, and of how it is kept


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """What the history up to a commit holds."""

    version: int = _VERSION
    tip: str  # the commit up to which it was read
    commits: list[Recorded]  # those that matter, parents before children


_INDEX = TypeAdapter(Index)


def load(file: Path) -> Index | None:
    """What was kept; None where that is nothing that can be relied on."""
    try:
        digest, _, text = file.read_bytes().partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() != digest:
            return None
        found = _INDEX.validate_json(text)
    except (OSError, ValidationError):
        return None
    return found if found.version == _VERSION else None


def save(file: Path, index: Index) -> None:
    """Keep it. Where that cannot be done, the next one reads the history again."""
    text = _INDEX.dump_json(index)
    digest = hashlib.sha256(text).hexdigest().encode()
    fresh = file.with_name(f"{file.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        with new_private(fresh) as kept:
            kept.write(digest + b"\n" + text)
        fresh.replace(file)
    except OSError:
        fresh.unlink(missing_ok=True)
