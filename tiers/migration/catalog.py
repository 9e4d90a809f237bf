"""What a source has: its tables and their columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import psycopg

# What the search path finds, without the system's own and without what extensions bring.
_COLUMNS = """
SELECT c.oid, c.relname, a.attname,
    CASE t.typtype WHEN 'e' THEN 'enum'
        ELSE format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL) END
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type AS t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND pg_table_is_visible(c.oid)
    AND c.relnamespace <> 'pg_catalog'::regnamespace AND c.relpersistence <> 't'
    AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname, a.attnum
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceColumn:
    """A column as it is there."""

    name: str
    type: str  # Postgres's own name, `enum` for all enumerations, a domain's base type


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceTable:
    """A table as it is there."""

    name: str
    columns: tuple[SourceColumn, ...]
    number: int = 0  # the server's own


def read_catalog(connection: psycopg.Connection[Any]) -> tuple[SourceTable, ...]:
    """All tables that the connection's user sees by their bare names."""
    rows: Sequence[tuple[int, str, str, str]] = connection.execute(_COLUMNS).fetchall()
    return tuple(
        SourceTable(
            name=name,
            number=number,
            columns=tuple(SourceColumn(name=row[2], type=row[3]) for row in columns),
        )
        for (number, name), columns in groupby(rows, key=lambda row: (row[0], row[1]))
    )
