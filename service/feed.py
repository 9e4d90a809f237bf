"""What happened to a mission, newest first: a page of it at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from mission.journal import Event, Journal
from mission.journal.kinds import Happening, UsageBooked
from mission.journal.stored import word_of
from service.books import Books
from service.moments import in_words

_AT_ONCE = 500  # events that are looked through at a time


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """One thing that happened."""

    id: int  # the event's number, of several the newest one's
    first: int  # the oldest one's, which stays as it is told again and again
    at: datetime
    task: str | None
    what: str  # one word
    detail: str  # for people
    times: int = 1  # how often in a row, since gates that wait are asked again and again


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """Some news, and where older ones begin."""

    news: tuple[News, ...]  # newest first
    before: int | None  # the next page's; None: there is nothing older


def read_feed(
    books: Books,
    *,
    before: int | None = None,
    task: str | None = None,
    words: frozenset[str] = frozenset(),
    limit: int = 100,
) -> Feed:
    """The newest `limit` news. Changes nothing, starts nothing.

    Args:
        books: Of the mission.
        before: Only what happened before this event.
        task: Only what is about this row.
        words: Only of these kinds; none: of all.

    Raises:
        JournalError: The journal cannot be read.
    """

    def wanted(event: Event[Happening]) -> bool:
        return not isinstance(event.what, UsageBooked) and (
            not words or word_of(event.what) in words
        )

    return books.look(lambda journal: _page(journal, before, task, wanted, limit))


def _page(
    journal: Journal,
    before: int | None,
    task: str | None,
    wanted: Callable[[Event[Happening]], bool],
    limit: int,
) -> Feed:
    found: list[News] = []
    while events := journal.latest(before=before, task=task, limit=_AT_ONCE):
        for event in events:
            if wanted(event):
                one = _news(event)
                if found and _same(found[-1], one):
                    found[-1] = _again(found[-1], one)
                elif len(found) == limit:
                    return Feed(news=tuple(found), before=before)
                else:
                    found.append(one)
            before = event.id
        if len(events) < _AT_ONCE:
            break
    return Feed(news=tuple(found), before=None)


def _news(event: Event[Happening]) -> News:
    return News(
        id=event.id,
        first=event.id,
        at=event.at,
        task=event.task,
        what=word_of(event.what),
        detail=in_words(event.what),
    )


def _same(newer: News, older: News) -> bool:
    return (newer.task, newer.what, newer.detail) == (older.task, older.what, older.detail)


def _again(newer: News, older: News) -> News:
    """Both as one, under the newest one's number and time."""
    return replace(newer, first=older.first, times=newer.times + older.times)
