"""Tokens and money: by day, agent, milestone and row; estimates against what was spent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from dashboard.pages.page import Query, cut
from mission.clock import utc_now
from mission.journal import Attempt
from mission.report import Line, add_up
from service.books import Books
from service.forecast import KeptForecast, track_in
from service.reporting import report_of
from service.standing import Standing

_AT_ONCE = 150  # rows
_MOST_FORECASTS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class CostLine:
    """One day, agent, milestone or row; or everything."""

    name: str
    attempts: int
    spent_tokens: int
    estimate_tokens: int | None
    ratio: float | None  # spent to estimated
    cost_usd: float | None
    unpriced: int  # attempts that used tokens of unknown price
    share: float  # percent of the largest of its table


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldLine:
    """What a run expected as it began, in seconds of work, and what came of it."""

    at: datetime
    rows: int
    guess: bool  # whether it had nothing to go by
    p50: float
    p80: float
    actual: float | None  # None: one of its rows is open still
    held: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CostsPage:
    """The page."""

    total: CostLine
    days: tuple[CostLine, ...]  # in order, by when attempts began
    agents: tuple[CostLine, ...]  # the most tokens first
    milestones: tuple[CostLine, ...]
    rows: tuple[CostLine, ...]  # that were tried
    guesses: tuple[str, ...]  # why numbers are not exact
    forecasts: tuple[HeldLine, ...]  # of runs as they began, the newest first
    held: int  # of those, how many p80s held
    told: int  # ... of how many that is known
    page: int
    pages: int


def costs_page(books: Books, standing: Standing, query: Query) -> CostsPage:
    """Put it together.

    Raises:
        UsageError: The query asks for what cannot be.
        MissionError: Something cannot be read.
    """
    report = report_of(books, standing.overview.plan)
    shown = cut([line for line in report.tasks if line.spent.attempts], query, at_once=_AT_ONCE)
    (total,) = _lines([report.total])
    track = track_in(books, standing.overview.plan)
    return CostsPage(
        total=total,
        days=_lines(_days(books.look(lambda journal: journal.attempts()))),
        agents=_lines(report.agents),
        milestones=_lines(report.milestones),
        rows=_lines(shown.items),
        guesses=report.total.spent.guesses,
        forecasts=tuple(_held(one) for one in reversed(track.forecasts[-_MOST_FORECASTS:])),
        held=track.held,
        told=track.of,
        page=shown.page,
        pages=shown.pages,
    )


def _held(one: KeptForecast) -> HeldLine:
    return HeldLine(
        at=one.at,
        rows=one.rows,
        guess=one.seen == 0,
        p50=one.p50,
        p80=one.p80,
        actual=one.actual,
        held=one.held,
    )


def _days(attempts: Iterable[Attempt]) -> list[Line]:
    """One for each day, in this machine's zone, on which an attempt began."""
    by_day: dict[date, list[Attempt]] = {}
    for attempt in attempts:
        by_day.setdefault(attempt.started.astimezone().date(), []).append(attempt)
    now = utc_now()
    return [
        Line(name=day.isoformat(), spent=add_up(its, now)) for day, its in sorted(by_day.items())
    ]


def _lines(lines: Iterable[Line]) -> tuple[CostLine, ...]:
    its = list(lines)
    most = max((line.spent.tokens for line in its), default=0)
    return tuple(
        CostLine(
            name=line.name,
            attempts=line.spent.attempts,
            spent_tokens=line.spent.tokens,
            estimate_tokens=line.estimate_tokens,
            ratio=line.ratio,
            cost_usd=line.spent.cost_usd,
            unpriced=line.spent.unpriced,
            share=round(100 * line.spent.tokens / most, 1) if most else 0.0,
        )
        for line in its
    )
