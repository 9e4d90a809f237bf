"""What keeps a migration from starting, and from being called done."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from errors import TierError
from tiers.migration.catalog import SourceTable
from tiers.probes.postgres import newer_needed
from tiers.storage.tables import TABLES

_LOCK_PATIENCE = (
    "SET LOCAL lock_timeout = '5s'"  # autovacuum gives way after `deadlock_timeout`, 1 s
)
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = ANY(%s)"


class SameDatabaseError(TierError):
    """Source and target are one database."""


class TargetNotEmptyError(TierError):
    """The target has data already."""


class SourceBusyError(TierError):
    """Somebody writes to the source."""


class SourceTooOldError(TierError):
    """The source's server is older than what a tier works with."""


def refuse_old_source(source: psycopg.Connection[Any], where: str) -> None:
    """See that the source's server is one that we know.

    Raises:
        SourceTooOldError: With the version that it needs.
    """
    needed = newer_needed(source.info.server_version, vector=False)
    if needed is not None:
        raise SourceTooOldError(
            f"The Postgres of {where} is too old: a migration reads from {needed} on",
            hint="Upgrade that server (pg_upgrade), or restore a dump of it in a newer one",
        )


def refuse_same_database(source: psycopg.Connection[Any], target: psycopg.Connection[Any]) -> None:
    """Compare by an advisory lock, which is the database's own: names and addresses may differ.

    Raises:
        SameDatabaseError: A lock taken in one is held in the other.
    """
    number = secrets.randbits(62)
    query = "SELECT pg_try_advisory_lock(%s)"
    release = "SELECT pg_advisory_unlock(%s)"
    target.execute(query, (number,))
    row = source.execute(query, (number,)).fetchone()
    free = row is not None and row[0]
    if free:
        source.execute(release, (number,))
    target.execute(release, (number,))
    if not free:
        raise SameDatabaseError(
            "Source and target are the same database", hint="Give two different ones"
        )


def keep_writers_out(source: psycopg.Connection[Any], tables: Sequence[SourceTable]) -> None:
    """Lock the tables, in the transaction that will read them, so that nobody writes to them.

    Raises:
        SourceBusyError: Somebody has written to one and not ended the transaction.
        TierError: Our user may not lock them.
    """
    # Not NOWAIT: autovacuum holds a lock that is in the way, and yields only to whoever waits.
    source.execute(_LOCK_PATIENCE)
    for table in tables:
        statement = sql.SQL("LOCK TABLE {} IN SHARE MODE")
        try:
            source.execute(statement.format(sql.Identifier(table.name)))
        except psycopg.errors.LockNotAvailable:
            raise _busy(f"Somebody is writing to the source's table {table.name}") from None
        except psycopg.errors.InsufficientPrivilege:
            raise TierError(
                f"The user may not keep others from writing to the source's table {table.name}",
                hint="Use the user that owns the source's tables",
            ) from None


def refuse_waiting_writers(source: psycopg.Connection[Any], tables: Sequence[SourceTable]) -> None:
    """See that nobody wanted to write while we read: what they write now would stay behind.

    Raises:
        SourceBusyError: Somebody waits for our lock.
    """
    row = source.execute(_WAITING, ([table.number for table in tables],)).fetchone()
    if row is not None and row[0]:
        raise _busy("The source is in use: somebody waits to write to it")


def filled_tables(target: psycopg.Connection[Any]) -> list[str]:
    """Which of our tables have rows; those that are not there have none."""
    filled = []
    for table in TABLES:
        row = target.execute("SELECT to_regclass(%s) IS NOT NULL", (table.name,)).fetchone()
        if row is None or not row[0]:
            continue
        query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table.name))
        found = target.execute(query).fetchone()
        if found is not None and found[0]:
            filled.append(table.name)
    return filled


def refuse_filled(tables: Sequence[str], where: str) -> None:
    """Refuse a target that has data.

    Raises:
        TargetNotEmptyError: With the tables' names.
    """
    if tables:
        raise TargetNotEmptyError(
            f"{where} is not empty: it has rows in {', '.join(tables)}",
            hint="--allow-non-empty puts the source's rows over those with the same keys",
        )


def _busy(message: str) -> SourceBusyError:
    return SourceBusyError(
        message, hint="Stop what uses the source, then run the same command again"
    )
