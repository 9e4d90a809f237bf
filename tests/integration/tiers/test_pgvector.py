"""Putting pgvector into a database: twice is once, and each refusal has its own remedy."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from tests.services import PASSWORD, PostgresMaker
from tiers.pgvector import (
    VectorForbiddenError,
    VectorMissingError,
    VectorTooOldError,
    enable_vector,
    vector_state,
)
from tiers.settings.address import PostgresAddress


@pytest.fixture
def connection(vector_database: PostgresAddress) -> Iterator[psycopg.Connection]:
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        yield connection


def test_enabling_twice_is_enabling_once(connection: psycopg.Connection) -> None:
    assert vector_state(connection).installed is None
    version = enable_vector(connection)
    assert enable_vector(connection) == version
    assert vector_state(connection).installed == version
    assert connection.execute("SELECT '[3,4]'::vector <-> '[0,0]'::vector").fetchone() == (5.0,)


def test_it_is_part_of_the_callers_transaction(connection: psycopg.Connection) -> None:
    with connection.transaction(force_rollback=True):
        enable_vector(connection)
    assert vector_state(connection).installed is None


def test_two_at_once_both_succeed(vector_database: PostgresAddress) -> None:
    def enable(_number: int) -> str:
        with psycopg.connect(**vector_database.connect_arguments()) as connection:
            return enable_vector(connection)

    with ThreadPoolExecutor(4) as pool:
        versions = set(pool.map(enable, range(4)))
    assert len(versions) == 1


def test_a_missing_library(plain_database: PostgresAddress) -> None:
    with (
        psycopg.connect(**plain_database.connect_arguments()) as connection,
        pytest.raises(VectorMissingError) as caught,
    ):
        enable_vector(connection)
    assert plain_database.database in caught.value.message
    assert "pgvector/pgvector:pg17" in caught.value.hint


def test_a_user_who_may_not(
    connection: psycopg.Connection, vector_database: PostgresAddress
) -> None:
    name = f"user_of_{vector_database.database}"
    connection.execute(
        sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
            sql.Identifier(name), sql.Literal(PASSWORD.get_secret_value())
        )
    )
    connection.commit()
    try:
        arguments = replace(vector_database, user=name).connect_arguments()
        with psycopg.connect(**arguments) as theirs:
            with pytest.raises(VectorForbiddenError) as caught:
                enable_vector(theirs)
            assert "CREATE EXTENSION vector" in caught.value.hint
            enable_vector(connection)
            connection.commit()
            assert enable_vector(theirs), "once it is there, no privilege is needed"
    finally:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
        connection.commit()


def test_an_old_extension(make_postgres: PostgresMaker) -> None:
    """The catalogue says so; an old library is not to be had."""
    server = make_postgres()
    with psycopg.connect(**server.address.connect_arguments()) as connection:
        enable_vector(connection)
        connection.execute("UPDATE pg_extension SET extversion = '0.4.4' WHERE extname = 'vector'")
        with pytest.raises(VectorTooOldError, match=r"0\.4\.4"):
            enable_vector(connection)
