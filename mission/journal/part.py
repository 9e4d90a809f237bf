"""What the parts of the journal share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from mission.journal.database import Database, Value

Redact = Callable[[str], str]
_T = TypeVar("_T")


def keep(text: str) -> str:
    """Redacts nothing."""
    return text


def where(**conditions: Value) -> str:
    """A WHERE clause: each named column equals its parameter; None asks for nothing.

    The names are ours, written in the code; values go in as parameters.
    """
    terms = [f"{name} = :{name}" for name, value in conditions.items() if value is not None]
    return f" WHERE {' AND '.join(terms)}" if terms else ""


class Part:
    """A part of the journal, on the one connection."""

    def __init__(self, database: Database, redact: Redact, run: int | None = None) -> None:
        """`run`: in whose name it is written; None: in that of no run."""
        self._database = database
        self._redact = redact
        self._run = run


def moment(text: str) -> datetime:
    """A stored time."""
    return datetime.fromisoformat(text)


def moment_or_none(text: str | None) -> datetime | None:
    """A stored time, where there is one."""
    return None if text is None else datetime.fromisoformat(text)


def only(found: list[_T]) -> _T | None:
    """The first of a list that holds one or none."""
    return found[0] if found else None
