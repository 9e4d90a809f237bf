"""The SQL of moving one table, made for its columns."""

from __future__ import annotations

from psycopg import sql

from tiers.migration.mapping import TableMap
from tiers.storage.tables import EMBEDDING

STAGING = sql.Identifier("migration_staging")
# A sum does not care about the order of rows; sixty bits of each row's digest go into it. The two
# databases may keep text in different encodings.
_DIGEST = "('x' || substr(md5(convert_to(({})::text, 'UTF8')), 1, 15))::bit(60)::bigint"
_SUMS = f"SELECT count(*), coalesce(sum({_DIGEST}), 0)::text"


def copy_out(table: TableMap) -> sql.Composed:
    """Everything that the source has, as the target wants it."""
    return sql.SQL("COPY ({}) TO STDOUT").format(table.select)


def source_checksum(table: TableMap) -> sql.Composed:
    """How many rows the source has, and the sum over their digests."""
    row = sql.SQL("ROW({})").format(_names(table))
    query = sql.SQL(_SUMS + " FROM ({}) AS given")
    return query.format(row, table.select)


def create_staging(table: TableMap) -> sql.Composed:
    """A table of this session, gone with the transaction or the session: nothing is left over.

    Temporary tables are not in the write-ahead log, and no other session sees them.
    """
    query = sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA")
    return query.format(STAGING, _names(table), sql.Identifier(table.target.name))


def copy_in(table: TableMap) -> sql.Composed:
    """Into the staging table."""
    return sql.SQL("COPY {} ({}) FROM STDIN").format(STAGING, _names(table))


def insert(table: TableMap) -> sql.Composed:
    """From staging to its place, which has no rows yet."""
    query = sql.SQL("INSERT INTO {name} ({columns}) SELECT {columns} FROM {staging}")
    return query.format(
        name=sql.Identifier(table.target.name), columns=_names(table), staging=STAGING
    )


def upsert(table: TableMap) -> sql.Composed:
    """From staging to its place. Rows that are there and the same are not written."""
    key = set(table.target.key)
    changing = [name for name in _columns(table) if name not in key]
    query = sql.SQL("INSERT INTO {name} AS old ({columns}) SELECT {columns} FROM {staging}")
    parts = query.format(
        name=sql.Identifier(table.target.name), columns=_names(table), staging=STAGING
    )
    conflict = sql.SQL(" ON CONFLICT ({}) ").format(_list(table.target.key))
    if not changing:
        return parts + conflict + sql.SQL("DO NOTHING")
    update = sql.SQL("DO UPDATE SET {} WHERE ({}) IS DISTINCT FROM ({})").format(
        sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), _new(name)) for name in changing
        ),
        sql.SQL(", ").join(sql.SQL("old.{}").format(sql.Identifier(name)) for name in changing),
        sql.SQL(", ").join(_new(name) for name in changing),
    )
    return parts + conflict + update


def whole_checksum(table: TableMap) -> sql.Composed:
    """The same as `source_checksum` over everything that is in place now."""
    row = sql.SQL("ROW({})").format(_names(table))
    return sql.SQL(_SUMS + " FROM {}").format(row, sql.Identifier(table.target.name))


def target_checksum(table: TableMap) -> sql.Composed:
    """The same as `source_checksum` over what is in place now, of the rows that were moved."""
    row = sql.SQL("ROW({})").format(sql.SQL(", ").join(map(_placed, _columns(table))))
    query = sql.SQL(_SUMS + " FROM {} AS placed JOIN {} AS moved USING ({})")
    return query.format(row, sql.Identifier(table.target.name), STAGING, _list(table.target.key))


def row_count(name: str) -> sql.Composed:
    """How many rows a table has."""
    return sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))


def _new(name: str) -> sql.Composable:
    """The value to be: an embedding that the source has not does not undo one that is there."""
    column = sql.Identifier(name)
    if name == EMBEDDING:
        return sql.SQL("coalesce(excluded.{0}, old.{0})").format(column)
    return sql.SQL("excluded.{}").format(column)


def _placed(name: str) -> sql.Composable:
    column = sql.Identifier(name)
    if name == EMBEDDING:
        return sql.SQL("CASE WHEN moved.{0} IS NOT NULL THEN placed.{0}::text END").format(column)
    return sql.SQL("placed.{}").format(column)


def _columns(table: TableMap) -> list[str]:
    return [column.target.name for column in table.columns]


def _names(table: TableMap) -> sql.Composed:
    return _list(tuple(_columns(table)))


def _list(names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
