"""Advisory locks: who may change what in a database, among the mission runners that use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from errors import TierError

# Any numbers, the same in every version of the mission runner.
SCHEMA = 7_163_001
MIGRATION = 7_163_002


class LockedError(TierError):
    """Another mission runner is at it."""


@contextmanager
def advisory_lock(
    connection: psycopg.Connection[Any], number: int, *, patience: float, what: str
) -> Iterator[None]:
    """Hold a lock of the session. It goes with the connection, however that ends.

    Args:
        connection: In autocommit mode.
        number: Which lock.
        patience: Seconds to wait for whoever holds it.
        what: For people: what is locked.

    Raises:
        LockedError: Somebody held it all the time.
    """
    milliseconds = max(1, round(patience * 1000))
    try:
        with connection.transaction():
            connection.execute(f"SET LOCAL lock_timeout = {milliseconds}")
            connection.execute("SELECT pg_advisory_lock(%s)", (number,))
    except psycopg.errors.LockNotAvailable:
        info = connection.info
        raise LockedError(
            f"Another {what} is under way in {info.dbname} on {info.host}:{info.port}",
            hint="Wait until it has ended, then try again",
        ) from None
    try:
        yield
    finally:
        if not connection.closed and not connection.broken:
            connection.execute("SELECT pg_advisory_unlock(%s)", (number,))
