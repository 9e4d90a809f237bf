"""File descriptors: how many this process may have open, and how many rows that is enough for."""

from __future__ import annotations

import resource
from dataclasses import dataclass

#: What a run has open by itself: the engine's connections, the journal, locks, the watch.
OWN = 128
#: What one row may have open at a time: its program's pipes and log, git's, the journal's.
PER_ROW = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """How a run goes about the descriptors that it may have."""

    limit: int  # what the soft limit has to be
    rows: int  # how many rows at once fit below it


def room_for(rows: int, *, soft: int, hard: int) -> Room:
    """The soft limit that so many rows need, as far as the hard one allows, and how many fit.

    A limit that is high enough is left alone: the programs that we start get it too. At least one
    row always fits.
    """
    limit = max(soft, min(hard, OWN + rows * PER_ROW))
    return Room(limit=limit, rows=max(1, min(rows, (limit - OWN) // PER_ROW)))


def make_room(rows: int) -> int:
    """Raise the soft limit of this process for so many rows at once; how many fit."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft = _finite(now)
    room = room_for(rows, soft=soft, hard=_finite(most))
    if room.limit == soft:
        return room.rows
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (room.limit, most))
    except (OSError, ValueError):  # a system may allow less than its hard limit says
        return room_for(rows, soft=soft, hard=soft).rows
    return room.rows


def _finite(limit: int) -> int:
    return 1 << 20 if limit == resource.RLIM_INFINITY else limit
