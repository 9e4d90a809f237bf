"""Events in the journal."""

from __future__ import annotations

import json
import sqlite3

from mission.journal.records import Event
from mission.journal.table import Table, moment, where


class Events(Table):
    """What happened: gate verdicts, pushes, merges, status changes, what people did."""

    def record(
        self,
        kind: str,
        *,
        run: int | None = None,
        task: str | None = None,
        attempt: int | None = None,
        **data: object,
    ) -> int:
        """Journal an event, as it happens; its number. `data` are JSON values, or become text."""
        rows = self._database.rows(
            "INSERT INTO events (at, kind, run, task, attempt, data)"
            " VALUES (:now, :kind, :run, :task, :attempt, :data) RETURNING id",
            now=self._database.now(),
            kind=str(kind),
            run=run,
            task=task,
            attempt=attempt,
            data=self._redact(json.dumps(data, default=str)),
        )
        return int(rows[0]["id"])

    def events(
        self, *, task: str | None = None, kind: str | None = None, after: int = 0
    ) -> list[Event]:
        """Events, oldest first; of one task, of one kind, after the one numbered `after`."""
        wanted = where(task=task, kind=None if kind is None else str(kind)) or " WHERE true"
        rows = self._database.rows(
            f"SELECT * FROM events{wanted} AND id > :after ORDER BY id",  # noqa: S608  see `where`
            task=task,
            kind=None if kind is None else str(kind),
            after=after,
        )
        return [_event(row) for row in rows]


def _event(row: sqlite3.Row) -> Event:
    return Event(
        id=row["id"],
        at=moment(row["at"]),
        kind=row["kind"],
        run=row["run"],
        task=row["task"],
        attempt=row["attempt"],
        data=json.loads(row["data"]),
    )
