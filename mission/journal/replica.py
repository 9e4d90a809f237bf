"""A journal as somebody else has been told of it: in memory, and read as the journal itself is.

What leads into the machine that wrote it does not travel: folders, logs, sessions, processes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Final

from mission.journal.database import Value, to_text
from mission.journal.journal import Journal
from mission.journal.records import Attempt, Run

_OF_THE_MACHINE: Final = frozenset({"worktree", "log", "session", "pid", "pid_started"})
_RUN: Final = tuple(one.name for one in fields(Run))
_ATTEMPT: Final = tuple(one.name for one in fields(Attempt))

Told = Mapping[str, Value]  # a row, by the names of its columns


def told_run(run: Run) -> dict[str, Value]:
    """A run as it travels."""
    return _plain(asdict(run))


def told_attempt(attempt: Attempt) -> dict[str, Value]:
    """An attempt as it travels."""
    return _plain(asdict(attempt) | dict.fromkeys(_OF_THE_MACHINE))


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldEvent:
    """An event as it travelled."""

    number: int
    at: datetime
    kind: str  # a word of `mission.journal.stored`
    run: int | None
    task: str | None
    attempt: int | None
    data: Mapping[str, object]


class Replica(Journal):
    """It takes in what it is told of, under the numbers that this has in the journal."""

    def take(
        self, runs: Iterable[Told], attempts: Iterable[Told], events: Iterable[ToldEvent]
    ) -> None:
        """All of it, or nothing. What is known already is replaced.

        Raises:
            KeyError: A row lacks a column.
            JournalError: A value cannot be kept.
        """
        with self.together():
            for run in runs:
                self._put("runs", {name: run[name] for name in _RUN})
            for attempt in attempts:
                self._put("attempts", {name: attempt[name] for name in _ATTEMPT})
            for event in events:
                self._put("events", _row(event))

    def _put(self, table: str, values: Told) -> None:
        columns = ", ".join(f'"{name}"' for name in values)
        places = ", ".join(f":{name}" for name in values)
        self._database.rows(
            f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({places})",  # noqa: S608  names are ours
            **values,
        )


def _row(event: ToldEvent) -> Told:
    data = {name: value for name, value in event.data.items() if name not in _OF_THE_MACHINE}
    return {
        "id": event.number,
        "at": to_text(event.at),
        "kind": event.kind,
        "run": event.run,
        "task": event.task,
        "attempt": event.attempt,
        "data": json.dumps(data),
    }


def _plain(values: Mapping[str, object]) -> dict[str, Value]:
    """As JSON and SQLite have it alike."""
    return {name: _value(value) for name, value in values.items()}


def _value(value: object) -> Value:
    if isinstance(value, datetime):
        return to_text(value)
    if value is None or isinstance(value, int | float):
        return value
    return str(value)
