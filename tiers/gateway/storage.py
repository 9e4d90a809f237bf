"""What the API reads: on connections that are kept, and open for reading only."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from tiers.gateway.records import Records
from tiers.search.embedder import Embedder
from tiers.search.search import Found, search
from tiers.settings.address import PostgresAddress
from tiers.storage.queries import query

_CONNECT = timedelta(seconds=3)
_PATIENCE = 2.0  # seconds for a connection; a server that is away is told as such after that
_STATEMENT = "10s"
_CONNECTIONS = 8  # at most; the kept ones
PAGE = 100  # missions, or tasks of one

# It would tell on standard error, with addresses and users, what 503 and /readyz tell.
logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)


class ReadStorage:
    """A storage as the gateway sees it. Its methods raise `psycopg.Error` when it is away.

    A context manager: connections are kept from one request to the next until its end.
    """

    def __init__(self, *, address: PostgresAddress, embedder: Embedder | None) -> None:
        """The storage at `address`, of which nothing is asked yet. Without an `embedder` search
        goes by words."""
        self._embedder = embedder
        self._pool = ConnectionPool(
            kwargs=address.connect_arguments(timeout=_CONNECT),
            min_size=0,
            max_size=_CONNECTIONS,
            timeout=_PATIENCE,
            reconnect_timeout=_PATIENCE,
            configure=_for_reading,
            check=ConnectionPool.check_connection,  # the server may have been started anew
            open=False,
        )
        self.records = Records(self._pool)

    def __enter__(self) -> Self:
        self._pool.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.close()

    def missions(self, offset: int, among: Sequence[str] | None) -> list[DictRow]:
        """A page of them, by name; of those whose identifiers are `among` these, None for all."""
        return self._rows("missions", {"among": _array(among), "limit": PAGE, "offset": offset})

    def mission(self, identifier: str, *, offset: int, limit: int) -> DictRow | None:
        """One, with a page of its tasks, and where the next page begins."""
        with self._pool.connection() as connection:
            values = {"among": [identifier], "limit": 1, "offset": 0}
            found = _fetch(connection, "missions", values)
            if not found:
                return None
            page = {"id": identifier, "limit": limit + 1, "offset": offset}
            tasks = _fetch(connection, "tasks_of_mission", page)
            after = offset + limit if len(tasks) > limit else None
            return found[0] | {"tasks": tasks[:limit], "next_offset": after}

    def task(self, identifier: str) -> DictRow | None:
        """One, with its attempts and events."""
        with self._pool.connection() as connection:
            found = _fetch(connection, "task", {"id": identifier})
            if not found:
                return None
            row = found[0]
            return row | {
                "attempts": _fetch(connection, "attempts_of_task", row),
                "events": _fetch(connection, "events_of_task", row),
            }

    def search(self, text: str, limit: int, among: Sequence[str] | None) -> Found:
        """Tasks and notes; of missions as in `missions`.

        Raises:
            TierError: The storage's embeddings are another embedder's.
        """
        with self._pool.connection() as connection:
            return search(connection, text, limit=limit, embedder=self._embedder, among=among)

    def _rows(self, name: str, values: dict[str, Any]) -> list[DictRow]:
        with self._pool.connection() as connection:
            return _fetch(connection, name, values)


def _for_reading(connection: psycopg.Connection[Any]) -> None:
    """What each connection is set to once. A request sees the storage as it was at one moment."""
    connection.execute("SET default_transaction_read_only = on")
    connection.execute(f"SET statement_timeout = '{_STATEMENT}'")
    connection.commit()
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ


def _array(among: Sequence[str] | None) -> list[str] | None:
    return None if among is None else list(among)


def _fetch(connection: psycopg.Connection[Any], name: str, values: dict[str, Any]) -> list[DictRow]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(name), values).fetchall()
