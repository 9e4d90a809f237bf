"""What the sample became in our tables, value by value.

The comparison shares nothing with the migration: which column becomes which stands here once more,
and the values are read by plain queries on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tiers.settings.address import PostgresAddress

_SAMPLES = 10  # rows a table whose values are compared, spread over all of it


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pair:
    """A table of the sample and where its rows go."""

    source: str
    target: str
    key: tuple[str, ...]  # of the source
    columns: dict[str, str]  # the source's -> ours


_PAIRS = (
    _Pair(
        source="users",
        target="users",
        key=("id",),
        columns={
            "id": "id",
            "name": "name",
            "email": "email",
            "emailVerified": "email_verified",
            "createdAt": "created_at",
            "updatedAt": "updated_at",
        },
    ),
    _Pair(
        source="teams",
        target="teams",
        key=("id",),
        columns={
            "id": "id",
            "name": "name",
            "slug": "slug",
            "ownerId": "owner_id",
            "createdAt": "created_at",
        },
    ),
    _Pair(
        source="teamMembers",
        target="team_members",
        key=("teamId", "userId"),
        columns={
            "teamId": "team_id",
            "userId": "user_id",
            "role": "role",
            "joinedAt": "joined_at",
        },
    ),
    _Pair(
        source="missions",
        target="missions",
        key=("id",),
        columns={"id": "id", "name": "name", "teamId": "team_id", "createdAt": "created_at"},
    ),
    _Pair(
        source="tasks",
        target="tasks",
        key=("id",),
        columns={
            "id": "id",
            "missionId": "mission_id",
            "key": "key",
            "title": "title",
            "description": "description",
            "status": "status",
            "dependsOn": "depends_on",
            "estimateTokens": "estimate_tokens",
            "createdAt": "created_at",
        },
    ),
    _Pair(
        source="notes",
        target="notes",
        key=("id",),
        columns={
            "id": "id",
            "missionId": "mission_id",
            "taskId": "task_id",
            "userId": "user_id",
            "body": "body",
            "createdAt": "created_at",
        },
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedTable:
    """One table on both sides."""

    name: str  # the target's
    source_rows: int
    target_rows: int
    samples: int  # rows whose values were compared
    differing: tuple[str, ...]  # what is not the same, one line each, without the values

    @property
    def ok(self) -> bool:
        """Whether nothing is missing and nothing differs."""
        return self.source_rows == self.target_rows and not self.differing


@contextmanager
def reading(address: PostgresAddress) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection whose rows are mappings, with times in UTC."""
    arguments = address.connect_arguments()
    with psycopg.connect(**arguments, autocommit=True, row_factory=dict_row) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def compare(
    source: psycopg.Connection[dict[str, Any]], target: psycopg.Connection[dict[str, Any]]
) -> tuple[CheckedTable, ...]:
    """Every table of the sample on both sides."""
    return tuple(_compare(pair, source, target) for pair in _PAIRS)


def _compare(
    pair: _Pair,
    source: psycopg.Connection[dict[str, Any]],
    target: psycopg.Connection[dict[str, Any]],
) -> CheckedTable:
    keys = _keys(source, pair)
    chosen = [keys[number] for number in _spread(len(keys))]
    differing = [line for key in chosen for line in _differences(pair, key, source, target)]
    return CheckedTable(
        name=pair.target,
        source_rows=len(keys),
        target_rows=_count(target, pair.target),
        samples=len(chosen),
        differing=tuple(differing),
    )


def _spread(rows: int) -> Sequence[int]:
    """The first, the last and some between them."""
    last = rows - 1
    return sorted(
        {round(last * number / (_SAMPLES - 1)) for number in range(_SAMPLES)} if rows else ()
    )


def _differences(
    pair: _Pair,
    key: tuple[object, ...],
    source: psycopg.Connection[dict[str, Any]],
    target: psycopg.Connection[dict[str, Any]],
) -> Iterator[str]:
    there = _row(source, pair.source, pair.key, key)
    ours = tuple(pair.columns[name] for name in pair.key)
    here = _row(target, pair.target, ours, tuple(map(str, key)))
    label = f"{pair.target} {'/'.join(map(str, key))}"
    if there is None or here is None:
        yield f"{label} is not there"
        return
    for theirs, mine in pair.columns.items():
        if _same(there[theirs], here[mine]):
            continue
        yield f"{label}: {mine} differs"


def _same(there: object, here: object) -> bool:
    """Whether a value is what it was, in our type."""
    match there, here:
        case datetime(), datetime():
            return (there if there.tzinfo else there.replace(tzinfo=UTC)) == here
        case int(), datetime():
            return round(here.timestamp() * 1000) == there
        case UUID() | int(), str():
            return str(there) == here
        case _:
            return there == here


def _keys(connection: psycopg.Connection[dict[str, Any]], pair: _Pair) -> list[tuple[object, ...]]:
    columns = sql.SQL(", ").join(map(sql.Identifier, pair.key))
    statement = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(
        columns, sql.Identifier(pair.source), columns
    )
    return [tuple(row.values()) for row in connection.execute(statement).fetchall()]


def _row(
    connection: psycopg.Connection[dict[str, Any]],
    table: str,
    columns: Sequence[str],
    key: tuple[object, ...],
) -> dict[str, Any] | None:
    where = sql.SQL(" AND ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder()) for name in columns
    )
    statement = sql.SQL("SELECT * FROM {} WHERE {}").format(sql.Identifier(table), where)
    return connection.execute(statement, key).fetchone()


def _count(connection: psycopg.Connection[dict[str, Any]], table: str) -> int:
    statement = sql.SQL("SELECT count(*) AS rows FROM {}").format(sql.Identifier(table))
    row = connection.execute(statement).fetchone()
    return int(row["rows"]) if row is not None else 0
