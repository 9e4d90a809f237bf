"""When each row was at what, with the time in which nobody did anything drawn short."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.pages.page import Query, cut
from service.books import Books
from service.forecast import Forecast, RowForecast
from service.standing import Standing
from service.timeline import Phase, RowTime, Stretch, read_timeline

_AT_ONCE = 150  # rows
_IDLE = timedelta(minutes=10)  # longer is drawn shorter
_SHORT = timedelta(minutes=2)  # ... as long as this
_STILL = frozenset({Phase.PERSON, Phase.QUEUED, Phase.WAITING})  # nobody does anything
_TICKS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch as it is drawn."""

    phase: Phase
    begin: datetime
    end: datetime
    left: float  # percent of the width
    width: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What is to come of an open row, as it is drawn: when it begins, and by when it is done."""

    begin: datetime
    p50: datetime
    p80: datetime | None  # None: a fifth of the plays never come to it
    left: float  # percent of the width
    width: float  # to p50
    more: float  # from there to p80


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeLine:
    """One row."""

    task: str
    pieces: tuple[Piece, ...]
    expected: Expected | None  # None: it is done, or nobody knows yet
    seconds: dict[str, float]  # in all, by phase


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """A moment of the scale."""

    at: datetime
    left: float  # percent


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelinePage:
    """The page."""

    lines: tuple[TimeLine, ...]
    ticks: tuple[Tick, ...]
    idle: tuple[Tick, ...]  # where time is drawn short
    begin: datetime | None
    end: datetime | None
    now: Tick | None  # from where on it is a forecast
    guess: bool  # whether that has nothing to go by
    page: int
    pages: int


def timeline_page(
    books: Books, standing: Standing, query: Query, forecast: Forecast | None = None
) -> TimelinePage:
    """Put it together.

    Raises:
        UsageError: The query asks for what cannot be.
        MissionError: Something cannot be read.
    """
    run = standing.run
    worked_until = run.last_sign if run is not None and not run.at_work else None
    rows = list(read_timeline(books, standing.overview.plan, worked_until=worked_until))
    coming = {one.id: one for one in forecast.rows} if forecast is not None else {}
    begun = {row.task for row in rows}
    rows += [RowTime(task=name, stretches=()) for name in coming if name not in begun]
    shown = cut(rows, query, at_once=_AT_ONCE)
    scale = Scale.of(rows)
    now = None
    if forecast is not None and coming:
        scale = scale.to(forecast.now, _until(forecast))
        now = Tick(at=forecast.now, left=round(scale.percent(forecast.now), 2))
    return TimelinePage(
        lines=tuple(
            _line(row, scale, _expected(coming.get(row.task), now, scale)) for row in shown.items
        ),
        ticks=tuple(scale.ticks()),
        idle=tuple(scale.breaks()),
        begin=scale.parts[0].begin if scale.parts else None,
        end=scale.parts[-1].end if scale.parts else None,
        now=now,
        guess=forecast is not None and forecast.guess,
        page=shown.page,
        pages=shown.pages,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A part of the scale."""

    begin: datetime
    end: datetime
    idle: bool

    @property
    def drawn(self) -> timedelta:
        """How long it is drawn."""
        return _SHORT if self.idle else self.end - self.begin


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """Where moments are drawn."""

    parts: tuple[Part, ...]

    @classmethod
    def of(cls, rows: Iterable[RowTime]) -> Scale:
        """One on which all of these find room."""
        stretches = [one for row in rows for one in row.stretches]
        if not stretches:
            return cls(parts=())
        begin = min(one.begin for one in stretches)
        end = max(one.end for one in stretches)
        parts: list[Part] = []
        at = begin
        for busy in _together(one for one in stretches if one.phase not in _STILL):
            parts += _parts(at, busy.begin, idle=True)
            parts += _parts(max(at, busy.begin), busy.end, idle=False)
            at = max(at, busy.end)
        parts += _parts(at, end, idle=True)
        return cls(parts=tuple(parts))

    def to(self, now: datetime, end: datetime) -> Scale:
        """The same, with what is to come at its right."""
        parts = [part for part in self.parts if part.begin < now]
        if parts:
            parts += _parts(parts[-1].end, now, idle=True)
        return Scale(parts=(*parts, *_parts(now, end, idle=False)))

    def percent(self, when: datetime) -> float:
        """Where a moment is, in percent of the width."""
        whole = sum((part.drawn for part in self.parts), timedelta())
        gone = timedelta()
        for part in self.parts:
            if when >= part.end:
                gone += part.drawn
            elif when > part.begin:
                gone += part.drawn * ((when - part.begin) / (part.end - part.begin))
        return 100 * (gone / whole) if whole else 0.0

    def ticks(self) -> Sequence[Tick]:
        """Moments for the scale, evenly far apart as they are drawn."""
        whole = sum((part.drawn for part in self.parts), timedelta())
        found = []
        for number in range(_TICKS if self.parts else 0):
            left = whole * (number / _TICKS)
            for part in self.parts:
                if left <= part.drawn:
                    at = part.begin + (part.end - part.begin) * (left / part.drawn)
                    found.append(Tick(at=at, left=round(100 * number / _TICKS, 2)))
                    break
                left -= part.drawn
        return found

    def breaks(self) -> Sequence[Tick]:
        """Where time is drawn short."""
        return [
            Tick(at=part.begin, left=round(self.percent(part.begin), 2))
            for part in self.parts
            if part.idle
        ]


def _parts(begin: datetime, end: datetime, *, idle: bool) -> list[Part]:
    """The part between two moments; none where there is nothing between them."""
    if end <= begin:
        return []
    return [Part(begin=begin, end=end, idle=idle and end - begin > _IDLE)]


def _together(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Those that touch each other as one."""
    found: list[Stretch] = []
    for one in sorted(stretches, key=lambda stretch: stretch.begin):
        if found and one.begin <= found[-1].end:
            end = max(found[-1].end, one.end)
            found[-1] = Stretch(phase=one.phase, begin=found[-1].begin, end=end)
        else:
            found.append(one)
    return found


def _until(forecast: Forecast) -> datetime:
    """The last moment that is drawn: four of five plays are done by then, or, where they never are,
    with the rows that they come to."""
    finishes = (forecast.finish, *(one.finish for one in forecast.rows))
    ends = (one.p80 or one.p50 for one in finishes)
    return forecast.finish.p80 or max(filter(None, ends), default=forecast.now)


def _expected(coming: RowForecast | None, now: Tick | None, scale: Scale) -> Expected | None:
    if coming is None or now is None or coming.finish.p50 is None:
        return None  # nothing is drawn of a row that half of the plays never come to
    begin, p50 = coming.begin or now.at, coming.finish.p50
    p80 = coming.finish.p80 or p50
    left, half, most = (scale.percent(one) for one in (begin, p50, p80))
    return Expected(
        begin=begin,
        p50=p50,
        p80=coming.finish.p80,
        left=round(left, 2),
        width=round(max(0.2, half - left), 2),
        more=round(max(0.0, most - half), 2),
    )


def _line(row: RowTime, scale: Scale, expected: Expected | None) -> TimeLine:
    seconds: dict[str, float] = {}
    pieces = []
    for one in row.stretches:
        took = (one.end - one.begin).total_seconds()
        seconds[one.phase] = seconds.get(one.phase, 0.0) + took
        left = scale.percent(one.begin)
        pieces.append(
            Piece(
                phase=one.phase, begin=one.begin, end=one.end, left=round(left, 2),
                width=round(max(0.2, scale.percent(one.end) - left), 2),
            )
        )  # fmt: skip
    return TimeLine(task=row.task, pieces=tuple(pieces), expected=expected, seconds=seconds)
