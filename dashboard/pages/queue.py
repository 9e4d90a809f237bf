"""The merge queue, what the gates say, and what landed last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mission.waits import WaitsFor
from service.books import Books
from service.feed import News, read_feed
from service.forecast import Finish, Forecast
from service.standing import Standing

_LANDINGS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class TurnLine:
    """Finished work in the queue."""

    position: int  # from 1
    task: str
    attempt: int
    branch: str
    since: datetime
    why: str  # what holds it; empty: it merges now
    held_since: datetime | None
    expected: Finish | None  # when it is merged; None: not known yet, or not foreseen


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldLine:
    """A row that a gate holds up."""

    task: str
    why: str
    since: datetime | None
    hint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePage:
    """The page."""

    turns: tuple[TurnLine, ...]
    held: tuple[HeldLine, ...]
    landings: tuple[News, ...]  # newest first
    guess: bool  # whether what is expected has nothing to go by


def queue_page(books: Books, standing: Standing, forecast: Forecast | None = None) -> QueuePage:
    """Put it together.

    Raises:
        JournalError: The journal cannot be read.
    """
    coming = {one.id: one.finish for one in forecast.rows} if forecast is not None else {}
    turns = []
    for turn in standing.merge_queue:
        waits = standing.waits.get(turn.task, ())
        turns.append(
            TurnLine(
                position=turn.position,
                task=turn.task,
                attempt=turn.attempt,
                branch=turn.branch or "",
                since=turn.since,
                why=waits[0].why if waits else "",
                held_since=waits[0].since if waits else None,
                expected=coming.get(turn.task),
            )
        )
    held = [
        HeldLine(task=task, why=wait.why, since=wait.since, hint=wait.hint)
        for task, waits in standing.waits.items()
        for wait in waits[:1]
        if wait.on is WaitsFor.GATE
    ]
    landed = read_feed(books, words=frozenset({"merge"}), limit=_LANDINGS)
    return QueuePage(
        turns=tuple(turns),
        held=tuple(held),
        landings=landed.news,
        guess=forecast is not None and forecast.guess,
    )
