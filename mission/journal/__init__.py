"""The journal of a mission: what was begun, what became of it, and what people asked for.

A SQLite database in WAL mode. An attempt is written before it starts; `history`, `report` and
recovery read it. A write that returned survives the death of the process.
"""

from __future__ import annotations

from mission.journal.journal import Journal
from mission.journal.records import Attempt, Event, Request, RequestKind, Run, Spent
from mission.steps import End, Step

__all__ = [
    "Attempt",
    "End",
    "Event",
    "Journal",
    "Request",
    "RequestKind",
    "Run",
    "Spent",
    "Step",
]
