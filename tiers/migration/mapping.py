"""Which table and column of the source becomes which of ours. Nothing is lost without a word."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from psycopg import sql

from errors import TierError
from tiers.migration.catalog import SourceColumn, SourceTable
from tiers.migration.transform import expression
from tiers.storage.tables import TABLES, Column, StorageTable

_Named = TypeVar("_Named", SourceTable, SourceColumn)

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SECRET = re.compile(
    r"password|passwd|passphrase|secret|token|api_?key|private_?key|credential|salt|otp|session"
)
_NO_SECRETS = frozenset(
    {"estimate_tokens", "spent_tokens", "input_tokens", "output_tokens", "cached_tokens"}
)
_ALIASES = {
    "user": "users",
    "team": "teams",
    "team_member": "team_members",
    "mission": "missions",
    "task": "tasks",
    "note": "notes",
    "mission_event": "mission_events",
    "attempt": "attempts",
}


class MappingError(TierError):
    """The source has something that has no place in the target."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnMap:
    """A column on its way."""

    target: Column
    value: sql.Composable  # the SQL that gives it in the source


@dataclass(frozen=True, kw_only=True, slots=True)
class TableMap:
    """A table on its way."""

    source: SourceTable
    target: StorageTable
    columns: tuple[ColumnMap, ...]

    @property
    def select(self) -> sql.Composed:
        """The query in the source that gives the target's columns, named and in their order."""
        columns = (
            sql.SQL("{} AS {}").format(column.value, sql.Identifier(column.target.name))
            for column in self.columns
        )
        return sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(columns), sql.Identifier(self.source.name)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Mapping:
    """Everything on its way."""

    tables: tuple[TableMap, ...]  # in foreign-key order
    left: tuple[str, ...]  # tables and `table.column`s that stay behind: secrets, and others' own


def map_tables(source: Sequence[SourceTable], *, leave: Collection[str] = ()) -> Mapping:
    """Find the place of everything.

    Args:
        source: What is there.
        leave: Columns (`table.column`, the source's names) that the user gives up.

    Raises:
        MappingError: A column has no place, no way to our type, or two have the same.
    """
    ours = {table.name: table for table in TABLES}
    places = _by_name(((table_name(table.name), table) for table in source), "tables")
    left = [table.name for name, table in places.items() if name not in ours]
    tables = []
    for name, target in ours.items():
        if name in places:
            mapped, dropped = _map_columns(places[name], target, frozenset(leave))
            tables.append(mapped)
            left += [f"{places[name].name}.{column}" for column in dropped]
    return Mapping(tables=tuple(tables), left=tuple(left))


def _map_columns(
    source: SourceTable, target: StorageTable, leave: frozenset[str]
) -> tuple[TableMap, list[str]]:
    given_up = {c.name for c in source.columns if f"{source.name}.{c.name}" in leave}
    wanted = [column for column in source.columns if column.name not in given_up]
    places = _by_name(
        ((snake_case(c.name), c) for c in wanted), f"columns of the source's table {source.name}"
    )
    strange = {name: c for name, c in places.items() if target.column(name) is None}
    lost = [column.name for name, column in strange.items() if not is_secret(name)]
    if lost:
        options = " ".join(f"--leave {source.name}.{name}" for name in lost)
        raise MappingError(
            f"The source's table {source.name} has columns without a place in the target: "
            + ", ".join(lost),
            hint=f"To give them up: {options}",
        )
    missing = [c.name for c in target.columns if c.required and c.name not in places]
    if missing:
        raise MappingError(
            f"The source's table {source.name} lacks what ours needs: {', '.join(missing)}",
            hint="Add it there first",
        )
    columns = tuple(
        _map_column(source, places[c.name], c) for c in target.columns if c.name in places
    )
    left = [*sorted(given_up), *(column.name for column in strange.values())]
    return TableMap(source=source, target=target, columns=columns), left


def _map_column(table: SourceTable, column: SourceColumn, target: Column) -> ColumnMap:
    value = expression(column.name, column.type, target.type)
    if value is None:
        raise MappingError(
            f"{table.name}.{column.name} is {column.type} in the source, and we know no way to"
            f" make {target.type} of it",
            hint=f"Change its type there, or give it up: --leave {table.name}.{column.name}",
        )
    return ColumnMap(target=target, value=value)


def _by_name(named: Iterable[tuple[str, _Named]], what: str) -> dict[str, _Named]:
    places: dict[str, _Named] = {}
    for name, item in named:
        if name in places:
            raise MappingError(
                f"The {what} {places[name].name} and {item.name} both would become {name}",
                hint="Rename or remove one of them in the source",
            )
        places[name] = item
    return places


def snake_case(name: str) -> str:
    """`missionId`, `MissionID` and `mission-id` as `mission_id`."""
    return _WORDS.sub("_", name.strip()).replace("-", "_").replace(" ", "_").lower()


def table_name(name: str) -> str:
    """Our name for a table of this name."""
    name = snake_case(name)
    return _ALIASES.get(name, name)


def is_secret(name: str) -> bool:
    """Whether a table or column of this name holds what is never copied."""
    name = snake_case(name)
    return name not in _NO_SECRETS and _SECRET.search(name) is not None
