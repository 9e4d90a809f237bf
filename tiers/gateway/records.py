"""What pages on missions are made of, read from a storage: plans, and journals as they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from errors import TierError
from mission.journal.replica import Told, ToldEvent
from tiers.storage.queries import query

MOST: Final = 100  # missions that are shown at once
_AT_ONCE: Final = 5_000  # events
_AWAY: Final = "the storage cannot be used now"


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownMission:
    """A mission, and whose journal of it had something new last."""

    id: str
    name: str
    path: str | None
    source: str | None  # that journal; None: none was ever copied
    host: str | None  # the machine that it is on
    last_event: int | None  # its newest one that was copied
    copied: datetime | None  # when it was, last
    journals: int | None  # how many there are, of as many clones

    @property
    def mark(self) -> tuple[str | None, int | None, datetime | None]:
        """What differs whenever something was copied."""
        return self.source, self.last_event, self.copied


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """A task file as it was copied."""

    name: str  # of the mission
    body: str
    columns: dict[str, str]  # as `tasks_md.model.Dialect` has them
    statuses: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredMission:
    """What a storage holds of a mission, of one moment."""

    file: StoredFile | None  # None: an older version copied it, or nobody did
    runs: tuple[Told, ...]
    attempts: tuple[Told, ...]
    events: tuple[ToldEvent, ...]  # those after the one that was asked for


class Records:
    """Reads them, on the connections of a `ReadStorage`. Its errors say nothing of the server."""

    def __init__(self, pool: ConnectionPool[Any]) -> None:
        self._pool = pool

    def missions(self, among: Sequence[str] | None) -> list[KnownMission]:
        """The newest first; of those whose identifiers are `among` these, None for all.

        Raises:
            TierError: The storage is away.
        """
        wanted = None if among is None else list(among)
        try:
            with self._pool.connection() as connection:
                rows = _fetch(connection, "shown_missions", among=wanted, limit=MOST)
        except psycopg.Error:
            raise _away() from None
        return [KnownMission(**row) for row in rows]

    def read(self, mission: KnownMission, *, after: int) -> StoredMission:
        """What there is of one.

        Args:
            mission: Which one.
            after: Events up to this number are known already.

        Raises:
            TierError: The storage is away.
        """
        try:
            with self._pool.connection() as connection:
                return _read(connection, mission, after)
        except psycopg.Error:
            raise _away() from None


def _read(connection: psycopg.Connection[Any], mission: KnownMission, after: int) -> StoredMission:
    source = mission.source
    files = _fetch(connection, "shown_file", id=mission.id)
    events: list[ToldEvent] = []
    while True:
        rows = _fetch(connection, "shown_events", source=source, after=after, limit=_AT_ONCE)
        events += (ToldEvent(**row) for row in rows)
        if len(rows) < _AT_ONCE:
            break
        after = events[-1].number
    return StoredMission(
        file=_file(files[0]) if files else None,
        runs=tuple(row["record"] for row in _fetch(connection, "shown_runs", source=source)),
        attempts=tuple(
            row["record"] for row in _fetch(connection, "shown_attempts", source=source)
        ),
        events=tuple(events),
    )


def _file(row: dict[str, Any]) -> StoredFile:
    dialect = row["dialect"]
    return StoredFile(
        name=row["name"],
        body=row["body"],
        columns=dict(dialect["columns"]),
        statuses=dict(dialect["statuses"]),
    )


def _away() -> TierError:
    # The words of the driver may hold addresses and names that are nobody's business.
    return TierError(_AWAY, hint="It is asked again with the next page")


def _fetch(
    connection: psycopg.Connection[Any], name: str, **values: object
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(name), values).fetchall()
