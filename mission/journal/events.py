"""Events in the journal."""

from __future__ import annotations

import json
import sqlite3
from typing import Any, cast, overload

from errors import JournalError
from mission.journal.damage import MOVE_ASIDE
from mission.journal.kinds import H, Happening
from mission.journal.part import Part, moment, only, where
from mission.journal.records import Event
from mission.journal.stored import WORDS, data_of, read_happening, word_of


class Events(Part):
    """What happened: gate verdicts, pushes, merges, status changes, what people did."""

    def record(
        self,
        what: Happening,
        *,
        run: int | None = None,
        task: str | None = None,
        attempt: int | None = None,
    ) -> int:
        """Journal an event, as it happens; its number.

        Args:
            run: Of another run than the one that writes.
        """
        rows = self._database.rows(
            "INSERT INTO events (at, kind, run, task, attempt, data)"
            " VALUES (:now, :kind, :run, :task, :attempt, :data) RETURNING id",
            now=self._database.now(),
            kind=word_of(what),
            run=self._run if run is None else run,
            task=task,
            attempt=attempt,
            data=self._redact(json.dumps(data_of(what))),
        )
        return int(rows[0]["id"])

    @overload
    def events(
        self,
        kind: type[H],
        *,
        task: str | None = None,
        attempt: int | None = None,
        after: int = 0,
        limit: int = -1,
    ) -> list[Event[H]]: ...

    @overload
    def events(
        self,
        kind: None = None,
        *,
        task: str | None = None,
        attempt: int | None = None,
        after: int = 0,
        limit: int = -1,
    ) -> list[Event[Happening]]: ...

    def events(
        self,
        kind: type[Any] | None = None,
        *,
        task: str | None = None,
        attempt: int | None = None,
        after: int = 0,
        limit: int = -1,
    ) -> list[Event[Any]]:
        """Events, oldest first: of one kind, of one task, of one attempt, after the one numbered
        `after`; `limit` at most, where it is not negative."""
        word = None if kind is None else WORDS[kind]
        wanted = where(task=task, attempt=attempt, kind=word) or " WHERE true"
        rows = self._database.rows(
            f"SELECT * FROM events{wanted} AND id > :after ORDER BY id LIMIT :limit",  # noqa: S608  see `where`
            task=task,
            attempt=attempt,
            kind=word,
            after=after,
            limit=limit,
        )
        found = [_event(row) for row in rows]
        return found if kind is None else [one for one in found if isinstance(one.what, kind)]

    def newest(self, kind: type[H]) -> list[Event[H]]:
        """Of each row the newest event of a kind, in the order in which they happened."""
        rows = self._database.rows(
            "SELECT * FROM events WHERE id IN (SELECT max(id) FROM events"
            " WHERE kind = :kind AND task IS NOT NULL GROUP BY task) ORDER BY id",
            kind=next(word for one, word in WORDS.items() if one is kind),
        )
        found = [_event(row) for row in rows]
        return [cast("Event[H]", one) for one in found if isinstance(one.what, kind)]

    def latest(
        self, *, before: int | None = None, task: str | None = None, limit: int
    ) -> list[Event[Happening]]:
        """The newest `limit` events, newest first: those with a number below `before`, of one
        task."""
        wanted = where(task=task) or " WHERE true"
        rows = self._database.rows(
            f"SELECT * FROM events{wanted} AND (:before IS NULL OR id < :before)"  # noqa: S608  see `where`
            " ORDER BY id DESC LIMIT :limit",
            task=task,
            before=before,
            limit=limit,
        )
        return [_event(row) for row in rows]

    def last_event(self) -> Event[Happening] | None:
        """The newest event of all."""
        rows = self._database.rows("SELECT * FROM events ORDER BY id DESC LIMIT 1")
        return only([_event(row) for row in rows])


def _event(row: sqlite3.Row) -> Event[Happening]:
    return Event(
        id=row["id"],
        at=moment(row["at"]),
        run=row["run"],
        task=row["task"],
        attempt=row["attempt"],
        what=read_happening(row["kind"], data_in(row)),
    )


def data_in(row: sqlite3.Row) -> dict[str, Any]:
    """The fields of a row of `events`.

    Raises:
        JournalError: They are damaged.
    """
    try:
        data: dict[str, Any] = json.loads(row["data"])
    except ValueError as error:
        message = f"the journal is damaged: event {row['id']} cannot be read"
        raise JournalError(message, hint=MOVE_ASIDE) from error
    return data
