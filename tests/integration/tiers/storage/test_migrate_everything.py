"""Not one column is lost, however the source spells its names and whatever it runs on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.command import run
from tests.conftest import requires
from tests.integration.tiers.storage.configured import configured
from tiers.config import load_tier_config
from tiers.servers.local import open_local
from tiers.servers.pglite import serve_pglite
from tiers.settings.address import PostgresAddress
from tiers.storage.schema import upgrade
from tiers.storage.tables import DIMENSIONS, EMBEDDING, TABLES, Column, StorageTable

Spelling = Callable[[str], str]
# A value of each type, different in each column, as the target shows it.
_VALUES: dict[str, Callable[[int], str]] = {
    "text": lambda n: f'välue {n} \\ "q"\t\'',
    "boolean": lambda n: "true",
    "integer": str,
    "bigint": lambda n: str(n + 2**40),
    "timestamptz": lambda n: f"2026-01-01 00:00:{n % 60:02}.000123+00",
    "jsonb": lambda n: f'{{"n": {n}}}',
    "text[]": lambda n: f'{{A-{n},"b,c"}}',
    "vector": lambda n: json.dumps([n, *[0.5] * (DIMENSIONS - 1)], separators=(",", ":")),
}
# Of our own schema what the next copy of a mission brings again.
LEFT = ["alembic_version", "attempts", "projections", "runs", "takeovers", "task_files"]

_KEYS = {"id", *(name for table in TABLES for name in table.key)}


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def snake(name: str) -> str:
    return name


def value(number: int, column: Column) -> str:
    """What stands in a column; keys and what refers to them are all the same, so rows fit."""
    if column.name in _KEYS or column.name.endswith("_id"):
        return "the-one"
    return _VALUES[column.type](number)


def fill(address: PostgresAddress, spelling: Spelling, *, vectors: bool) -> None:
    """Make every table with every column and one row."""
    with psycopg.connect(**address.connect_arguments(), autocommit=True) as connection:
        if vectors:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        for table in TABLES:
            columns = [c for c in table.columns if vectors or c.type != "vector"]
            names = [sql.Identifier(spelling(column.name)) for column in columns]
            kinds = [sql.SQL(column.type) for column in columns]
            connection.execute(
                sql.SQL("CREATE TABLE {} ({})").format(
                    sql.Identifier(spelling(table.name)),
                    sql.SQL(", ").join(
                        sql.SQL("{} {}").format(*pair) for pair in zip(names, kinds, strict=True)
                    ),
                )
            )
            literals = [sql.Literal(value(n, column)) for n, column in enumerate(columns)]
            connection.execute(
                sql.SQL("INSERT INTO {} VALUES ({})").format(
                    sql.Identifier(spelling(table.name)), sql.SQL(", ").join(literals)
                )
            )


def arrived(address: PostgresAddress, table: StorageTable) -> dict[str, str]:
    """The one row of a table of the target."""
    names = sql.SQL(", ").join(
        sql.SQL("{}::text").format(sql.Identifier(c.name)) for c in table.columns
    )
    with psycopg.connect(**address.connect_arguments()) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        query = sql.SQL("SELECT {} FROM {}").format(names, sql.Identifier(table.name))
        (row,) = connection.execute(query).fetchall()
    return dict(zip((c.name for c in table.columns), row, strict=True))


def migrated(
    capsys: pytest.CaptureFixture[str], source: str, target: PostgresAddress, tmp_path: Path
) -> None:
    there = configured(tmp_path / "to.json", "federated", target)
    report = json.loads(
        run(capsys, "tier", "migrate", "--from", source, "--to", there, "--yes", "--json")
    )
    assert report["left"] in ([], LEFT)
    assert [t["written"] for t in report["tables"]] == [1] * len(TABLES)


def check(target: PostgresAddress, *, vectors: bool) -> None:
    for table in TABLES:
        columns = [c for c in table.columns if vectors or c.type != "vector"]
        wanted = {column.name: value(n, column) for n, column in enumerate(columns)}
        if not vectors and table.column(EMBEDDING):
            wanted[EMBEDDING] = None  # type: ignore[assignment]  # the source has none
        assert arrived(target, table) == wanted


@pytest.mark.parametrize("spelling", [camel, pascal, snake])
def test_every_column_of_a_postgres(
    capsys: pytest.CaptureFixture[str],
    plain_database: PostgresAddress,
    vector_database: PostgresAddress,
    tmp_path: Path,
    spelling: Spelling,
) -> None:
    fill(plain_database, spelling, vectors=False)
    source = configured(tmp_path / "from.json", "standalone", plain_database)
    migrated(capsys, source, vector_database, tmp_path)
    check(vector_database, vectors=False)


@requires("pglite-server", "node")
@pytest.mark.slow
@pytest.mark.parametrize("spelling", [camel, pytest.param(snake, marks=pytest.mark.soak)])
def test_every_column_of_a_pglite_folder(
    capsys: pytest.CaptureFixture[str],
    vector_database: PostgresAddress,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spelling: Spelling,
) -> None:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    folder = tmp_path / "gateway-data"
    with serve_pglite(folder) as address:
        vectors = _has_pgvector(address)
        fill(address, spelling, vectors=vectors)
    migrated(capsys, str(folder), vector_database, tmp_path)
    check(vector_database, vectors=vectors)


def _has_pgvector(address: PostgresAddress) -> bool:
    with psycopg.connect(**address.connect_arguments(), autocommit=True) as connection:
        query = "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'"
        return connection.execute(query).fetchone() == (1,)


@contextmanager
def embedded(folder: Path) -> Iterator[PostgresAddress]:
    """The database of a local tier in this folder."""
    config = load_tier_config(
        folder=folder.parent, environment={"MISSION_DATABASE_FOLDER": str(folder)}
    )
    with open_local(config) as address:
        yield address


def test_every_column_of_a_local_tier(
    capsys: pytest.CaptureFixture[str],
    vector_database: PostgresAddress,
    services_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Our own schema in the embedded Postgres, given by its folder."""
    monkeypatch.setenv("MISSION_HOME", str(services_folder / f"home-{tmp_path.name}"))
    folder = services_folder / f"local-{tmp_path.name}"
    with embedded(folder) as address:
        upgrade(address, vector=False)
        with psycopg.connect(**address.connect_arguments()) as connection:
            for table in TABLES:
                columns = [c for c in table.columns if c.type != "vector"]
                connection.execute(
                    sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                        sql.Identifier(table.name),
                        sql.SQL(", ").join(sql.Identifier(c.name) for c in columns),
                        sql.SQL(", ").join(
                            sql.Literal(value(n, column)) for n, column in enumerate(columns)
                        ),
                    )
                )
    migrated(capsys, str(folder), vector_database, tmp_path)
    check(vector_database, vectors=False)
