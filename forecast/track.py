"""How forecasts held: what runs expected as they began, against how long it took. Pure.

What is measured is what was forecast: the time in which a run was at work on the rows, without that
in which nothing but people was waited for, or nobody carried the mission out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mission.journal import Attempt, Event, Run
from mission.journal.kinds import ForecastMade, Happening, StatusSet
from mission.timeline import Phase, RowTime, make_timeline
from tasks_md.model import DONE, Plan

_Interval = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptForecast:
    """What a run expected as it began."""

    at: datetime
    run: int | None
    rows: int
    seen: int  # attempts that it was learned from; 0: it was a guess
    p50: float  # seconds
    p80: float
    p95: float
    actual: float | None  # seconds; None: one of its rows is open still

    @property
    def held(self) -> bool | None:
        """Whether it took no longer than p80; None while nobody can tell."""
        return None if self.actual is None else self.actual <= self.p80


@dataclass(frozen=True, kw_only=True, slots=True)
class Track:
    """All of them, oldest first."""

    forecasts: tuple[KeptForecast, ...] = ()

    @property
    def of(self) -> int:
        """Of how many it is known how they held."""
        return sum(one.held is not None for one in self.forecasts)

    @property
    def held(self) -> int:
        """How many p80s held."""
        return sum(one.held is True for one in self.forecasts)


def track_of(
    plan: Plan,
    attempts: Sequence[Attempt],
    events: Sequence[Event[Happening]],
    runs: Iterable[Run],
) -> Track:
    """Put it together.

    Args:
        plan: The task file: a row that is gone from it is waited for no more.
        attempts: All of them.
        events: All of them, oldest first.
        runs: All of them.
    """
    kept = [(one, one.what) for one in events if isinstance(one.what, ForecastMade)]
    if not kept:
        return Track()
    last = events[-1].at
    before = {task.id: task.depends_on for task in plan.by_id.values()}
    rows = make_timeline(before, attempts, events, now=last, worked_until=last)
    at_work = [(one.started, one.ended or last) for one in runs]
    return Track(
        forecasts=tuple(
            KeptForecast(
                at=event.at,
                run=event.run,
                rows=len(what.rows),
                seen=what.seen,
                p50=what.p50,
                p80=what.p80,
                p95=what.p95,
                actual=_took(event.at, what.rows, plan, _done(events, event.id), rows, at_work),
            )
            for event, what in kept
        )
    )


def _done(events: Iterable[Event[Happening]], after: int) -> dict[str, datetime]:
    """When each row was first done after this event; what was set back later counts no more."""
    found: dict[str, datetime] = {}
    for event in events:
        is_done = isinstance(event.what, StatusSet) and event.what.new == DONE
        if is_done and event.task is not None and event.id > after:
            found.setdefault(event.task, event.at)
    return found


def _took(
    since: datetime,
    tasks: Sequence[str],
    plan: Plan,
    done: Mapping[str, datetime],
    rows: Sequence[RowTime],
    at_work: Sequence[_Interval],
) -> float | None:
    """Seconds of work from then until the last of the rows was done; None: one is open."""
    left = [name for name in tasks if name in plan.by_id]
    if not left or any(plan.by_id[name].status != DONE for name in left):
        return None
    ends = [done[name] for name in left if name in done]
    if not ends:
        return None
    until = max(ends)
    busy = [
        (stretch.begin, stretch.end)
        for row in rows
        if row.task in left
        for stretch in row.stretches
        if stretch.phase is not Phase.PERSON
    ]
    clipped = _within(_union(busy), [(since, until)])
    return sum((end - begin).total_seconds() for begin, end in _within(clipped, _union(at_work)))


def _union(intervals: Iterable[_Interval]) -> list[_Interval]:
    """The same times, none of them twice, in their order."""
    found: list[_Interval] = []
    for begin, end in sorted(intervals):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def _within(intervals: Sequence[_Interval], others: Sequence[_Interval]) -> list[_Interval]:
    """What both have; each of them as `_union` makes it."""
    return [
        (max(begin, low), min(end, high))
        for begin, end in intervals
        for low, high in others
        if min(end, high) - max(begin, low) > timedelta()
    ]
