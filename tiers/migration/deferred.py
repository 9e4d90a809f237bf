"""Indexes and constraints of a table without rows, made anew when all its rows are there.

Making an index once over everything takes a fraction of the time that it takes row by row, and one
join checks a foreign key as well as a question for each row does. All of it happens in the
transaction that fills the table: ended early, in whatever way, the table is as it was.

Only what comes back exactly as it was is taken off. What has a comment, a tablespace or settings of
its own, a meaning for replication or clustering, or others that depend on it, stays in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from tiers.storage.queries import query
from tiers.storage.tables import StorageTable

_PATIENCE = "2s"  # for those who read the table; then its rows go in one by one beside them
_OURS = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = %s::regclass"


@dataclass(frozen=True, kw_only=True, slots=True)
class Deferred:
    """What a table has when its rows are there."""

    table: str
    indexes: tuple[str, ...]  # the statements that make them
    constraints: tuple[tuple[str, str], ...]  # name and definition, foreign keys last


def defer(target: psycopg.Connection[Any], table: StorageTable) -> Deferred | None:
    """Take indexes and constraints off a table, if it has no rows; within a transaction.

    None, and nothing has changed, where it has rows, is another's, or is in use all the time.
    """
    name = sql.Identifier(table.name)
    filled = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(name)
    if not _says(target, _OURS, (table.name,)) or _says(target, filled):
        return None
    try:
        with target.transaction():
            target.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(_PATIENCE))
            target.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(name))
            if _says(target, filled):  # since we looked
                return None
            deferred = _take_off(target, table.name)
            target.execute("SET LOCAL lock_timeout = DEFAULT")
    except psycopg.errors.LockNotAvailable:
        return None
    return deferred


def restore(target: psycopg.Connection[Any], deferred: Deferred) -> None:
    """Make them again, and tell the planner what the table holds now.

    Raises:
        psycopg.Error: The rows do not fit together, or the server refuses.
    """
    name = sql.Identifier(deferred.table)
    unique = [one for one in deferred.constraints if not one[1].startswith("FOREIGN KEY")]
    foreign = [one for one in deferred.constraints if one not in unique]
    _add(target, name, unique)
    for index in deferred.indexes:
        # pgvector's workers share the whole graph, and a container's shared memory is small.
        workers = "0" if " USING hnsw " in index else "DEFAULT"
        setting = sql.SQL("SET LOCAL max_parallel_maintenance_workers = {}")
        target.execute(setting.format(sql.SQL(workers)))
        target.execute(sql.SQL(index))
    _add(target, name, foreign)
    target.execute(sql.SQL("ANALYZE {}").format(name))


def _take_off(target: psycopg.Connection[Any], table: str) -> Deferred:
    name = sql.Identifier(table)
    constraints = target.execute(query("deferred_constraints"), {"table": table}).fetchall()
    indexes = target.execute(query("deferred_indexes"), {"table": table}).fetchall()
    for constraint, _ in constraints:
        drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
        target.execute(drop.format(name, sql.Identifier(constraint)))
    for index, _ in indexes:  # quoted where it must be: a regclass
        target.execute(sql.SQL("DROP INDEX {}").format(sql.SQL(index)))
    return Deferred(
        table=table,
        indexes=tuple(definition for _, definition in indexes),
        constraints=tuple(constraints),
    )


def _add(
    target: psycopg.Connection[Any], table: sql.Identifier, constraints: list[tuple[str, str]]
) -> None:
    for name, definition in constraints:
        add = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}")
        target.execute(add.format(table, sql.Identifier(name), sql.SQL(definition)))


def _says(
    target: psycopg.Connection[Any], question: str | sql.Composed, values: tuple[str, ...] = ()
) -> bool:
    row = target.execute(question, values).fetchone()
    return row is not None and bool(row[0])
