"""On a terminal a migration shows what goes where, asks, and draws a bar for each table."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.integration.tiers.storage.configured import configured
from tests.integration.tiers.storage.sources import fill_camel_case
from tests.services import PASSWORD
from tests.terminal import CTRL_C, CTRL_D, on_terminal
from tiers.settings.address import PostgresAddress

QUESTION = "Migrate? [y/N]: "
TABLES = (
    ("users", 5),
    ("teams", 1),
    ("team_members", 5),
    ("missions", 1),
    ("tasks", 12),
    ("notes", 3000),
    ("mission_events", 7),
)


@pytest.fixture
def command(
    plain_database: PostgresAddress, vector_database: PostgresAddress, tmp_path: Path
) -> tuple[str, ...]:
    """A migration from a filled standalone tier to an empty federated one."""
    fill_camel_case(plain_database, notes=3000)
    source = configured(tmp_path / "from.json", "standalone", plain_database)
    target = configured(tmp_path / "to.json", "federated", vector_database)
    return ("tier", "migrate", "--from", source, "--to", target)


def tables(address: PostgresAddress) -> list[tuple[object, ...]]:
    with psycopg.connect(**address.connect_arguments()) as connection:
        return connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ).fetchall()


def test_yes_moves_everything_and_a_bar_for_each_table_fills(
    command: tuple[str, ...],
    tmp_path: Path,
    plain_database: PostgresAddress,
    vector_database: PostgresAddress,
) -> None:
    with on_terminal(*command, folder=tmp_path) as terminal:
        asked = terminal.wait_for(QUESTION)
        assert f"from {plain_database.label}" in asked
        assert f"to   {vector_database.label}" in asked
        assert "left behind: apiTokens, sessions, users.passwordHash" in asked
        assert not tables(vector_database), "nothing is written before the answer"
        terminal.type("y\n")
        assert terminal.end() == 0
    drawn = terminal.printed.partition(QUESTION)[2]
    bars = [line for line in drawn.replace("\r", "\n").split("\n") if "━" in line]
    for name, rows in TABLES:
        assert any(line.split()[0] == name and f"{rows}/{rows}" in line for line in bars), drawn
    assert any(line.split()[0] == "notes" and "0/3000" in line for line in bars), drawn
    assert drawn.count("equal (") == len(TABLES)
    assert PASSWORD.get_secret_value() not in terminal.printed


@pytest.mark.parametrize("keys", ["n\n", "\n", "nonsense\nno\n", CTRL_C, CTRL_D])
def test_anything_but_yes_writes_nothing(
    command: tuple[str, ...], tmp_path: Path, vector_database: PostgresAddress, keys: str
) -> None:
    with on_terminal(*command, folder=tmp_path) as terminal:
        terminal.wait_for(QUESTION)
        terminal.type(keys)
        assert terminal.end() == 130
    assert not tables(vector_database)
    assert "Traceback" not in terminal.printed
