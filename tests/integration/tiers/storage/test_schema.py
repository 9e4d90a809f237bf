"""The schema comes by migrations: with vectors, without a trace of them, once, and never back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tiers.pgvector import VectorMissingError
from tiers.settings.address import PostgresAddress
from tiers.storage.locks import SCHEMA, LockedError, advisory_lock
from tiers.storage.schema import SchemaTooNewError, schema_versions, upgrade
from tiers.storage.tables import TABLES

COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position
"""


@pytest.fixture
def connection(vector_database: PostgresAddress) -> Iterator[psycopg.Connection]:
    with psycopg.connect(**vector_database.connect_arguments(), autocommit=True) as connection:
        yield connection


def columns_of(connection: psycopg.Connection, table: str) -> list[str]:
    return [name for (name,) in connection.execute(COLUMNS, (table,)).fetchall()]


def test_with_vectors(vector_database: PostgresAddress, connection: psycopg.Connection) -> None:
    assert upgrade(vector_database, vector=True) == ("storage_2", "vector_1")
    assert "vector_1" in schema_versions(connection)
    for table in TABLES:
        assert columns_of(connection, table.name) == [c.name for c in table.columns]
    methods = connection.execute(
        "SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%hnsw%' ORDER BY 1"
    ).fetchall()
    assert len(methods) == 2


def test_without_vectors_there_is_no_trace_of_them(plain_database: PostgresAddress) -> None:
    assert upgrade(plain_database, vector=False) == ("storage_2",)
    with psycopg.connect(**plain_database.connect_arguments()) as connection:
        assert "vector_1" not in schema_versions(connection)
        for table in TABLES:
            expected = [c.name for c in table.columns if c.name != "embedding"]
            assert columns_of(connection, table.name) == expected
        assert connection.execute("SELECT extname FROM pg_extension").fetchall() == [("plpgsql",)]
        named = "SELECT count(*) FROM pg_proc WHERE proname LIKE '%embedding%'"
        assert connection.execute(named).fetchone() == (0,)


def test_vectors_can_come_later(
    vector_database: PostgresAddress, connection: psycopg.Connection
) -> None:
    assert upgrade(vector_database, vector=False) == ("storage_2",)
    upgrade(vector_database, vector=True)
    assert "vector_1" in schema_versions(connection)


def test_a_server_without_pgvector_keeps_nothing_half(plain_database: PostgresAddress) -> None:
    with pytest.raises(VectorMissingError):
        upgrade(plain_database, vector=True)
    with psycopg.connect(**plain_database.connect_arguments()) as connection:
        assert schema_versions(connection) == ()


def test_several_at_once_and_again(vector_database: PostgresAddress) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: upgrade(vector_database, vector=True), range(4)))
    assert found == {("storage_2", "vector_1")}


def test_a_second_runner_is_told(connection: psycopg.Connection) -> None:
    info = connection.info
    with (
        psycopg.connect(info.dsn, password=info.password, autocommit=True) as other,
        advisory_lock(other, SCHEMA, patience=1, what="test"),
        pytest.raises(LockedError, match="Another change of the schema is under way"),
        advisory_lock(connection, SCHEMA, patience=0.05, what="change of the schema"),
    ):
        pass


def test_a_schema_from_the_future_is_refused(
    vector_database: PostgresAddress, connection: psycopg.Connection
) -> None:
    upgrade(vector_database, vector=True)
    connection.execute(
        "UPDATE alembic_version SET version_num = 'vector_99' WHERE version_num = 'vector_1'"
    )
    with pytest.raises(SchemaTooNewError, match="vector_99") as caught:
        upgrade(vector_database, vector=True)
    assert caught.value.hint == "Update the mission runner"


def test_a_changed_text_loses_its_embedding(
    vector_database: PostgresAddress, connection: psycopg.Connection
) -> None:
    upgrade(vector_database, vector=True)
    vector = str([1.0] * 384)
    connection.execute("INSERT INTO notes (id, body, embedding) VALUES ('n', 'a', %s)", (vector,))
    has = "SELECT embedding IS NOT NULL FROM notes"
    connection.execute("UPDATE notes SET updated_at = now()")
    assert connection.execute(has).fetchone() == (True,)
    connection.execute("UPDATE notes SET body = 'b'")
    assert connection.execute(has).fetchone() == (False,)
