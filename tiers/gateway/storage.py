"""What the API reads: one connection a request, open for reading only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row

from tiers.search.embedder import Embedder
from tiers.search.search import Answer, search
from tiers.settings.address import PostgresAddress
from tiers.storage.queries import query

_CONNECT = timedelta(seconds=3)
_STATEMENT = "10s"
PAGE = 100  # missions


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadStorage:
    """A storage as the gateway sees it. Its methods raise `psycopg.Error` when it is away."""

    address: PostgresAddress
    embedder: Embedder | None  # None: searches by words

    def missions(self, offset: int) -> list[DictRow]:
        """A page of them, by name."""
        return self._rows("missions", {"id": None, "limit": PAGE, "offset": offset})

    def mission(self, identifier: str) -> DictRow | None:
        """One, with its tasks."""
        with self._connection() as connection:
            values = {"id": identifier, "limit": 1, "offset": 0}
            found = _fetch(connection, "missions", values)
            if not found:
                return None
            return found[0] | {"tasks": _fetch(connection, "tasks_of_mission", values)}

    def task(self, identifier: str) -> DictRow | None:
        """One, with its attempts and events."""
        with self._connection() as connection:
            found = _fetch(connection, "task", {"id": identifier})
            if not found:
                return None
            row = found[0]
            return row | {
                "attempts": _fetch(connection, "attempts_of_task", row),
                "events": _fetch(connection, "events_of_task", row),
            }

    def search(self, text: str, limit: int) -> Answer:
        """Tasks and notes.

        Raises:
            TierError: The storage's embeddings are another embedder's.
        """
        with self._connection() as connection:
            return search(connection, text, limit=limit, embedder=self.embedder)

    def _rows(self, name: str, values: dict[str, Any]) -> list[DictRow]:
        with self._connection() as connection:
            return _fetch(connection, name, values)

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        arguments = self.address.connect_arguments(timeout=_CONNECT)
        with psycopg.connect(**arguments) as connection:
            connection.execute("SET default_transaction_read_only = on")
            connection.execute(f"SET statement_timeout = '{_STATEMENT}'")
            connection.commit()
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            yield connection


def _fetch(connection: psycopg.Connection[Any], name: str, values: dict[str, Any]) -> list[DictRow]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(name), values).fetchall()
