"""The storage's tables that hold a team's data, in the order in which keys refer to each other.

The migrations make them; a test compares. The order of columns is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

EMBEDDING = "embedding"  # the one column that is there with vectors only
DIMENSIONS = 384  # of an embedding


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column."""

    name: str
    type: str  # as Postgres calls it: text, timestamptz, bigint, ...
    required: bool = False  # NOT NULL, and a storage that is migrated must have it


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageTable:
    """One table."""

    name: str
    key: tuple[str, ...]  # the primary key
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """The column of this name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)


def _table(name: str, key: str, columns: str) -> StorageTable:
    """From a short form: `id! title: text`, `!` is required, text is the type unless given."""
    return StorageTable(
        name=name, key=tuple(key.split()), columns=tuple(map(_column, columns.split()))
    )


def _column(written: str) -> Column:
    name, _, kind = written.partition(":")
    return Column(name=name.rstrip("!"), type=kind or "text", required=name.endswith("!"))


_TIMES = "created_at:timestamptz updated_at:timestamptz"

TABLES: tuple[StorageTable, ...] = (
    _table("users", "id", f"id! name! email email_verified:boolean image role {_TIMES}"),
    _table("teams", "id", f"id! name! slug owner_id {_TIMES}"),
    _table("team_members", "team_id user_id", "team_id! user_id! role joined_at:timestamptz"),
    _table("missions", "id", f"id! name! description status path team_id user_id {_TIMES}"),
    _table(
        "tasks",
        "id",
        "id! mission_id key title! description status milestone position:integer agent branch"
        " issue depends_on:text[] estimate_tokens:bigint spent_tokens:bigint notes"
        f" {_TIMES} embedding:vector",
    ),
    _table("notes", "id", f"id! mission_id task_id user_id title body! {_TIMES} embedding:vector"),
    _table(
        "mission_events",
        "id",
        "id! mission_id! source number:bigint at:timestamptz kind! task attempt:integer data:jsonb"
        " run:bigint",
    ),
)
