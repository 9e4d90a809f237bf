"""Putting the sample into a database."""

from __future__ import annotations

from pathlib import Path

import psycopg

from tiers.settings.address import PostgresAddress

_SQL = Path(__file__).with_name("older_gateway.sql")


def fill(address: PostgresAddress) -> int:
    """Make the sample in an empty database; how many rows. All of it or nothing.

    Raises:
        psycopg.Error: The server refuses.
    """
    parts = _SQL.read_text(encoding="utf-8").split("\n\n")
    statements = [part for part in parts if not part.startswith("--")]
    rows = 0
    with psycopg.connect(**address.connect_arguments()) as connection:
        for statement in statements:
            done = connection.execute(statement.encode())
            rows += done.rowcount if statement.startswith("INSERT") else 0
    return rows
