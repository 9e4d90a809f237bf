"""Whose turn it is: rows whose next try is due, then rows that are ready, while there is room.

Pure but for what it calls: the loop starts rows by it, and a forecast plays them by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from orchestrator.admission.delays import Delays


class Begin(Protocol):
    """Begins with a row, if it may."""

    def __call__(self, task: str, agent: str | None = None) -> None:
        """`agent` stands in for the one that the row is routed to."""


def begin_in_turn(
    delays: Delays,
    ready: Iterable[str],
    *,
    now: Callable[[], datetime],
    has_room: Callable[[], bool],
    begin: Begin,
    waits: Callable[[str], bool],
) -> None:
    """Begin with rows as their turn comes.

    Args:
        delays: Rows that are tried again by themselves.
        ready: Rows that could start, in their order. Read as far as there is room.
        now: Asked once, and only where something is delayed.
        has_room: Asked before each row.
        begin: Called for each row whose turn it is.
        waits: Whether a row whose time has come still waits for it.
    """
    if delays:
        at = now()
        while has_room() and (due := delays.pop_due(at)) is not None:
            if waits(due[0]):
                begin(*due)
    for task in ready:
        if not has_room():
            break
        begin(task)
