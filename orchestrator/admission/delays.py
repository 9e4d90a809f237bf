"""Rows that are tried again by themselves when their time comes."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    at: datetime
    agent: str | None


class Delays:
    """What waits for a time to come."""

    def __init__(self, until: datetime | None = None) -> None:
        """`until`: something waits so long, though it is no row."""
        self._until = until
        self._rows: dict[str, _Held] = {}
        # Their times, the first on top; those that are not a row's any more are passed over.
        self._times: list[tuple[datetime, str]] = []

    def __contains__(self, task: str) -> bool:
        return task in self._rows

    def __bool__(self) -> bool:
        return bool(self._rows) or self._until is not None

    def times(self) -> dict[str, datetime]:
        """When each row is looked at again."""
        return {task: held.at for task, held in self._rows.items()}

    def hold(self, task: str, until: datetime, agent: str | None = None) -> None:
        """Try `task` again then. `agent` stands in for the one that it is routed to."""
        self._rows[task] = _Held(at=until, agent=agent)
        heappush(self._times, (until, task))

    def drop(self, task: str) -> None:
        """Try `task` no more by itself."""
        self._rows.pop(task, None)

    def hurry(self, tasks: Container[str], now: datetime) -> None:
        """Look at these rows now, as far as they are held: what they waited for may have come
        early."""
        for task, held in self._rows.items():
            if held.at > now and task in tasks:
                self._rows[task] = replace(held, at=now)
                heappush(self._times, (now, task))

    def clock_set(self, by: timedelta) -> None:
        """The time of day was set: nothing waits longer for it."""
        back = min(by, timedelta())
        self._until = None if self._until is None else self._until + back
        for task, held in self._rows.items():
            self._rows[task] = replace(held, at=held.at + back)
        self._times = [(held.at, task) for task, held in self._rows.items()]
        heapify(self._times)

    def pop_due(self, now: datetime) -> tuple[str, str | None] | None:
        """The row that has waited longest past its time, and the agent that stands in for it."""
        if self._until is not None and self._until <= now:
            self._until = None
        first = self._first_time()
        if first is None or first > now:
            return None
        task = heappop(self._times)[1]
        return task, self._rows.pop(task).agent

    def seconds_left(self, now: datetime) -> float | None:
        """Until the first time that comes; None if nothing waits."""
        times = [one for one in (self._first_time(), self._until) if one is not None]
        return max((min(times) - now).total_seconds(), 0.0) if times else None

    def _first_time(self) -> datetime | None:
        """The first time at which a row is looked at again; it is on top then."""
        while self._times:
            at, task = self._times[0]
            held = self._rows.get(task)
            if held is not None and held.at == at:
                return at
            heappop(self._times)
        return None
