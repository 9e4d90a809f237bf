"""The version of a journal's schema, and the way from an older one to ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from errors import JournalError

SCHEMA_VERSION = 3  # `upgrade_N.sql` leads from version N to the next


def check_version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema's version; 0 for a new, empty database.

    Raises:
        JournalError: It is another program's database, or of a newer version.
    """
    question = "SELECT user_version, (SELECT count(*) FROM sqlite_master) FROM pragma_user_version"
    version, tables = connection.execute(question).fetchone()
    if 0 < version <= SCHEMA_VERSION or (version == 0 and not tables):
        return int(version)
    if version == 0:
        raise JournalError(f"{path} is a database, but not a journal", hint="Move it away")
    raise JournalError(
        f"{path} has journal format {version}; this mission runner reads up to {SCHEMA_VERSION}",
        hint="Update the mission runner; the one that wrote it is newer",
    )


def bring_up(connection: sqlite3.Connection, version: int) -> None:
    """Bring a journal of `version` (0: a new one) up to date."""
    if version == 0:
        names = ["schema.sql"]
    else:
        names = [f"upgrade_{one}.sql" for one in range(version, SCHEMA_VERSION)]
    for name in names:
        for statement in _statements(name):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _statements(name: str) -> Iterator[str]:
    """The statements of a file; `executescript` would end the transaction around them."""
    # Not through importlib.resources, whose imports take longer than all of the opening.
    text, statement = Path(__file__).with_name(name).read_text(encoding="utf-8"), ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
