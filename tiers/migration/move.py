"""Moving one table: out of the snapshot, through staging, into its place, and compared."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from errors import TierError
from tiers.migration import statements
from tiers.migration.deferred import defer, restore
from tiers.migration.mapping import TableMap
from tiers.storage.schema import brief
from workspace.side_thread import one_thread

_BLOCK = 1 << 18  # bytes handed over at once; memory stays at a few of these
_CANCEL_SECONDS = 2.0

Progress = Callable[[str, int], None]  # takes the table's name and how many rows came since


class ChecksumError(TierError):
    """What is in the target is not what is in the source."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """What became of one table."""

    table: str
    source: str  # what it is called there
    read: int  # rows
    written: int  # rows that were new or different
    seconds: float
    source_checksum: str
    target_checksum: str
    at_target: int  # rows there now, other ones included

    @property
    def skipped(self) -> int:
        """Rows that were there already and the same."""
        return self.read - self.written

    @property
    def rows_per_second(self) -> float:
        """How fast it went."""
        return self.read / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sum:
    """What a server says about the rows of a table."""

    rows: int
    digest: str


def move_table(
    source: psycopg.Connection[Any],
    target: psycopg.Connection[Any],
    table: TableMap,
    progress: Progress,
) -> Moved:
    """Move a table in one transaction of the target. `source` is in the snapshot's transaction.

    Raises:
        ChecksumError: What arrived differs; nothing of the table is written then.
        TierError: A value does not fit; nothing of the table is written then.
        psycopg.Error: A server refuses; nothing of the table is written then.
    """
    try:
        return _move(source, target, table, progress)
    except psycopg.DataError as error:
        name = table.source.name
        raise TierError(
            f"A value of the source's table {name} cannot become ours: {brief(error)}",
            hint=f"Mend it there, or give its column up: --leave {name}.COLUMN",
        ) from None


def count_rows(connection: psycopg.Connection[Any], name: str) -> int:
    """How many rows a table has."""
    row = connection.execute(statements.row_count(name)).fetchone()
    return int(row[0]) if row is not None else 0


def _move(
    source: psycopg.Connection[Any],
    target: psycopg.Connection[Any],
    table: TableMap,
    progress: Progress,
) -> Moved:
    began = time.monotonic()
    with target.transaction():
        deferred = defer(target, table.target)
        target.execute(statements.create_staging(table))
        read = _copy(source, target, table, progress)
        with _meanwhile(source, statements.source_checksum(table)) as there:
            if deferred is not None:
                written = target.execute(statements.insert(table)).rowcount
                restore(target, deferred)
                placed = _checksum(target, statements.whole_checksum(table))
            else:
                target.execute(sql.SQL("ANALYZE {}").format(statements.STAGING))
                written = target.execute(statements.upsert(table)).rowcount
                placed = _checksum(target, statements.target_checksum(table))
        wanted = there.result()
        if placed != wanted or read != wanted.rows:
            raise ChecksumError(
                f"{table.target.name} arrived otherwise than it is in the source:"
                f" {wanted.rows} rows with checksum {wanted.digest} there, {read} read,"
                f" {placed.rows} with {placed.digest} here",
                hint="Nothing of it was written. This is a bug: report it",
            )
    return Moved(
        table=table.target.name,
        source=table.source.name,
        read=read,
        written=written,
        seconds=time.monotonic() - began,
        source_checksum=wanted.digest,
        target_checksum=placed.digest,
        at_target=placed.rows if deferred else count_rows(target, table.target.name),
    )


def _copy(
    source: psycopg.Connection[Any],
    target: psycopg.Connection[Any],
    table: TableMap,
    progress: Progress,
) -> int:
    """Pass everything on as it comes, in blocks; the number of rows."""
    rows = 0
    block = bytearray()
    name = table.target.name
    with (
        source.cursor() as reader,
        target.cursor() as writer,
        reader.copy(statements.copy_out(table)) as out,
        writer.copy(statements.copy_in(table)) as into,
    ):
        while data := out.read():
            block += data
            if len(block) >= _BLOCK:
                # In COPY's text format a line break is a row's end and nothing else.
                ended = block.count(b"\n")
                into.write(bytes(block))
                block.clear()
                rows += ended
                progress(name, ended)
        ended = block.count(b"\n")
        into.write(bytes(block))
    progress(name, ended)
    return rows + ended


@contextmanager
def _meanwhile(source: psycopg.Connection[Any], query: sql.Composed) -> Iterator[Future[_Sum]]:
    """The source's checksum, taken while the target is at work."""
    with one_thread("checksum") as pool:
        taken = pool.submit(_checksum, source, query)
        try:
            yield taken
        except BaseException:
            with suppress(psycopg.Error):  # then it ends when it has counted to the end
                source.cancel_safe(timeout=_CANCEL_SECONDS)
            raise


def _checksum(connection: psycopg.Connection[Any], query: sql.Composed) -> _Sum:
    row = connection.execute(query).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    return _Sum(rows=int(row[0]), digest=str(row[1]))
