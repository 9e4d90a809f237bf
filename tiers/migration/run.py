"""A migration as a whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import psycopg

from errors import TierError, UsageError
from tiers.config import TierConfig
from tiers.detect import detect
from tiers.migration.catalog import read_catalog
from tiers.migration.mapping import Mapping, map_tables
from tiers.migration.move import Moved, Progress, count_rows, move_table
from tiers.migration.places import label
from tiers.migration.refusals import (
    filled_tables,
    keep_writers_out,
    refuse_filled,
    refuse_old_source,
    refuse_same_database,
    refuse_waiting_writers,
)
from tiers.servers.opening import open_place
from tiers.settings.address import PostgresAddress
from tiers.settings.model import Tier
from tiers.storage.locks import MIGRATION, advisory_lock
from tiers.storage.schema import brief, require_known, schema_versions, upgrade
from workspace.process import Stop

# A killed migration's session lives until its server notices, at most this long (see `_SETTINGS`).
_PATIENCE = 10.0
_CONNECT = timedelta(seconds=10)
# The same texts for the same values on both sides, and an end to what nobody waits for.
_SETTINGS = (
    "SET TimeZone = 'UTC'",
    "SET DateStyle = 'ISO, YMD'",
    "SET extra_float_digits = 1",
    "SET client_encoding = 'UTF8'",
)
_NOTICE_DEATH = "SET client_connection_check_interval = '500ms'"
_BEGIN = """
INSERT INTO takeovers (source) VALUES (%s)
ON CONFLICT (source) DO UPDATE SET started = now(), finished = NULL
"""
_INTERRUPTED = "SELECT count(*) FROM takeovers WHERE source = %s AND finished IS NULL"
_FINISHED = "SELECT count(*) FROM takeovers WHERE source = %s AND finished IS NOT NULL"
_END = "UPDATE takeovers SET finished = now() WHERE source = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class TablePreview:
    """What would happen to one table."""

    table: str
    source: str  # what it is called there
    source_rows: int
    target_rows: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What a migration would do."""

    source: str  # without a secret
    target: str  # without a secret
    tables: tuple[TablePreview, ...]
    left: tuple[str, ...]  # what stays behind
    resumes: bool  # whether an interrupted one goes on


Agree = Callable[[Preview], None]  # raises unless the user wants it


def migrate(
    source: TierConfig,
    target: TierConfig,
    *,
    agree: Agree,
    progress: Progress,
    leave: Collection[str] = (),
    allow_non_empty: bool = False,
    stop: Stop | None = None,
) -> tuple[Preview, tuple[Moved, ...]]:
    """Move everything. Killed at any point and called again, it goes on and ends the same.

    Raises:
        TierError: It is refused, or a server is; each table is there in whole or not at all.
        UsageError: It is not a way that a migration goes.
        StoppedError: A stop was requested; what is half there is taken back, the rest stays.
    """
    stop = stop or Stop()
    with (
        _opened(source, target, dry_run=False, stop=stop) as (reader, writer, address),
        advisory_lock(writer, MIGRATION, patience=_PATIENCE, what="migration"),
    ):
        preview, mapping = _preview(reader, writer, source, target, leave)
        if not allow_non_empty and not preview.resumes:
            refuse_filled(filled_tables(writer), preview.target)
        agree(preview)
        upgrade(address, vector=True)
        writer.execute(_BEGIN, (preview.source,))
        _take_snapshot(reader, mapping)

        def advance(table: str, rows: int) -> None:
            stop.heed()
            progress(table, rows)

        moved = tuple(move_table(reader, writer, table, advance) for table in mapping.tables)
        refuse_waiting_writers(reader, [table.source for table in mapping.tables])
        writer.execute(_END, (preview.source,))
    return preview, moved


def preview_migration(
    source: TierConfig,
    target: TierConfig,
    *,
    leave: Collection[str] = (),
    allow_non_empty: bool = False,
) -> Preview:
    """What `migrate` would do. The target is open for reading only.

    Raises:
        As `migrate`, but for what only shows when rows arrive.
    """
    with _opened(source, target, dry_run=True) as (reader, writer, _address):
        preview, mapping = _preview(reader, writer, source, target, leave)
        if not allow_non_empty and not preview.resumes:
            refuse_filled(filled_tables(writer), preview.target)
        _take_snapshot(reader, mapping)
        return preview


def is_migrated(source: TierConfig, target: TierConfig) -> bool:
    """Whether the source was moved to the target before, in whole.

    Raises:
        TierError: The target cannot be used.
    """
    detect(replace(target, valkey=None)).require()
    if target.postgres is None:
        return False
    with _connect(target.postgres) as connection:
        if not schema_versions(connection):
            return False
        row = connection.execute(_FINISHED, (label(source),)).fetchone()
    return row is not None and row[0] > 0


def _preview(
    reader: psycopg.Connection[Any],
    writer: psycopg.Connection[Any],
    source: TierConfig,
    target: TierConfig,
    leave: Collection[str],
) -> tuple[Preview, Mapping]:
    refuse_old_source(reader, label(source))
    refuse_same_database(reader, writer)
    require_known(schema_versions(reader), label(source))
    require_known(versions := schema_versions(writer), label(target))
    mapping = map_tables(read_catalog(reader), leave=leave)
    if not mapping.tables:
        raise TierError(f"{label(source)} has none of the tables of a storage")
    tables = tuple(
        TablePreview(
            table=table.target.name,
            source=table.source.name,
            source_rows=count_rows(reader, table.source.name),
            target_rows=count_rows(writer, table.target.name) if versions else 0,
        )
        for table in mapping.tables
    )
    preview = Preview(
        source=label(source),
        target=label(target),
        tables=tables,
        left=mapping.left,
        resumes=bool(versions) and _is_interrupted(writer, label(source)),
    )
    return preview, mapping


def _take_snapshot(reader: psycopg.Connection[Any], mapping: Mapping) -> None:
    """Begin the transaction in which everything is read. The snapshot comes with the first look
    at rows, after the locks: so nothing can have changed between the two."""
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    keep_writers_out(reader, [table.source for table in mapping.tables])


def _is_interrupted(writer: psycopg.Connection[Any], source: str) -> bool:
    row = writer.execute(_INTERRUPTED, (source,)).fetchone()
    return row is not None and row[0] > 0


@contextmanager
def _opened(
    source: TierConfig, target: TierConfig, *, dry_run: bool, stop: Stop | None = None
) -> Iterator[tuple[psycopg.Connection[Any], psycopg.Connection[Any], PostgresAddress]]:
    if source.tier is Tier.FEDERATED or target.tier is not Tier.FEDERATED:
        raise UsageError(
            f"A migration goes from local or standalone to federated, not from {source.tier} to"
            f" {target.tier}"
        )
    detect(replace(target, valkey=None)).require()  # no event is sent
    address = target.postgres
    assert address is not None  # noqa: S101 - the federated tier has a server
    try:
        with (
            open_place(source, stop) as from_address,
            _connect(from_address) as reader,
            _connect(address) as writer,
        ):
            if dry_run:
                writer.execute("SET default_transaction_read_only = on")
            else:
                writer.execute(_NOTICE_DEATH)
            yield reader, writer, address
    except psycopg.Error as error:
        raise TierError(
            f"The migration stopped: {brief(error)}",
            hint="Each table is there in whole or not at all; run the same command to go on",
        ) from None


def _connect(address: PostgresAddress) -> psycopg.Connection[Any]:
    try:
        arguments = address.connect_arguments(timeout=_CONNECT)
        connection = psycopg.connect(**arguments, autocommit=True)
    except psycopg.Error:
        # The words of libpq may hold the connection string.
        raise TierError(
            f"{address.label} does not let us in", hint="Check that it runs, and user and password"
        ) from None
    for statement in _SETTINGS:
        connection.execute(statement)
    return connection
