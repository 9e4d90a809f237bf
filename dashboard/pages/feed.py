"""What happened, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dashboard.pages.page import Query
from errors import UsageError
from service.books import Books
from service.feed import News, read_feed

_AT_ONCE = 100
_EXPORTED = 2_000

#: What may be left out of sight: a name -> the words of the journal's events.
FILTERS: Final[Mapping[str, frozenset[str]]] = {
    "statuses": frozenset({"status"}),
    "landings": frozenset({"merge", "raced", "issue", "pull"}),
    "gates": frozenset({"gate"}),
    "checks": frozenset({"verify", "review", "no-review", "evidence"}),
    "people": frozenset({"request", "letter", "letter-answered"}),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedPage:
    """The page."""

    news: tuple[News, ...]
    only: str  # a filter's name; empty: all
    filters: tuple[str, ...]
    task: str  # of this row alone; empty: of all
    before: int | None  # where older ones begin; None: there are none


def feed_page(books: Books, query: Query) -> FeedPage:
    """Put it together.

    Raises:
        UsageError: The query asks for what cannot be.
        JournalError: The journal cannot be read.
    """
    only = query.text("only")
    if only and only not in FILTERS:
        raise UsageError(f"no such filter: {only[:40]!r}", hint=f"There are: {', '.join(FILTERS)}")
    task = query.text("task")
    feed = read_feed(
        books,
        before=query.number("before"),
        task=task or None,
        words=FILTERS.get(only, frozenset()),
        limit=_EXPORTED if query.exported else _AT_ONCE,
    )
    return FeedPage(
        news=feed.news, only=only, filters=tuple(FILTERS), task=task, before=feed.before
    )
