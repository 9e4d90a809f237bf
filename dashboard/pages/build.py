"""Which page has which values."""

from __future__ import annotations

from typing import Final

from dashboard.missions import Shown
from dashboard.pages.costs import costs_page
from dashboard.pages.diff import diff_page
from dashboard.pages.feed import feed_page
from dashboard.pages.graph import graph_page
from dashboard.pages.mission import mission_page
from dashboard.pages.page import Query
from dashboard.pages.queue import queue_page
from dashboard.pages.row import row_page
from dashboard.pages.timeline import timeline_page
from service.forecast import Forecast
from service.standing import Standing

#: The pages of a mission that its navigation leads to, by name, with their titles.
NAVIGATION: Final = (
    ("mission", "Overview"),
    ("graph", "Graph"),
    ("timeline", "Timeline"),
    ("queue", "Queue"),
    ("costs", "Costs"),
    ("feed", "Feed"),
)
#: The pages about one row, by name.
OF_ROWS: Final = ("row", "diff")


#: Those that show when things will be done.
WITH_FORECAST: Final = frozenset({"mission", "timeline", "queue"})


def build(
    name: str,
    shown: Shown,
    standing: Standing,
    task: str,
    query: Query,
    *,
    forecast: Forecast | None = None,
) -> object:
    """The values of a page of a mission.

    Args:
        name: Of the page.
        shown: The mission.
        standing: How it stands.
        task: The row, for a page about one.
        query: What is asked for beside that.
        forecast: When things will be done, for the pages that show it; None: not known yet.

    Raises:
        KeyError: There is no such page.
        MissionError: It cannot be made.
    """
    books = shown.books
    page: object
    match name:
        case "mission":
            page = mission_page(standing, query, forecast)
        case "graph":
            page = graph_page(standing, query)
        case "timeline":
            page = timeline_page(books, standing, query, forecast)
        case "queue":
            page = queue_page(books, standing, forecast)
        case "costs":
            page = costs_page(books, standing, query)
        case "feed":
            page = feed_page(books, query)
        case "row":
            page = row_page(shown, standing, task, query)
        case "diff":
            page = diff_page(shown.place, task, query)
        case _:
            raise KeyError(name)
    return page
