"""Rows that are tried again by themselves, and providers that take no work for a while."""

from __future__ import annotations

from datetime import datetime

from orchestrator.ends import Again


class Delays:
    """What waits for a time to come."""

    def __init__(self) -> None:
        self._rows: dict[str, Again] = {}
        self._resting: dict[str, datetime] = {}  # provider -> until when

    def __contains__(self, task: str) -> bool:
        return task in self._rows

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, task: str, again: Again, provider: str) -> None:
        """Try `task` again at its time; let its provider rest, where that is part of the reason."""
        self._rows[task] = again
        if again.rests is not None:
            self._resting[provider] = max(again.rests, self._resting.get(provider, again.rests))

    def rest(self, provider: str, now: datetime) -> datetime | None:
        """Until when a provider rests; None if it does not."""
        until = self._resting.get(provider)
        return until if until is not None and until > now else None

    def hold(self, task: str, until: datetime, agent: str | None = None) -> None:
        """A row whose provider rests, and that would start otherwise. `agent` stands in for the
        one that it is routed to."""
        self._rows[task] = Again(at=until, agent=agent)

    def pop_due(self, now: datetime) -> tuple[str, str | None] | None:
        """The row that has waited longest past its time, and the agent that stands in for it."""
        due = [(again.at, task) for task, again in self._rows.items() if again.at <= now]
        if not due:
            return None
        task = min(due)[1]
        return task, self._rows.pop(task).agent

    def seconds_left(self, now: datetime) -> float | None:
        """Until the next row's time; None if no row waits."""
        if not self._rows:
            return None
        first = min(again.at for again in self._rows.values())
        return max((first - now).total_seconds(), 0.0)
