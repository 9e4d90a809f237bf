"""Every way in which Postgres and pgvector can fail, on a real server in that state."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from tests.integration.tiers.failing import failing, federated, the_failure
from tests.services import PASSWORD, PostgresMaker
from tiers.detect import detect
from tiers.probes.probe import Cause
from tiers.servers.postgres import PostgresServer
from tiers.settings.address import PostgresAddress, Tls, ValkeyAddress


@pytest.mark.parametrize("password", [None, SecretStr("wrong"), SecretStr("falsch' \\ %41@:/")])
def test_wrong_password(vector_server: PostgresServer, password: SecretStr | None) -> None:
    failure = failing(replace(vector_server.address, password=password))
    assert failure.cause is Cause.CREDENTIALS
    assert "MISSION_DATABASE_PASSWORD" in failure.remedy


def test_wrong_user(vector_server: PostgresServer) -> None:
    failure = failing(replace(vector_server.address, user="nobody"))
    assert failure.cause is Cause.CREDENTIALS


def test_wrong_database(vector_server: PostgresServer) -> None:
    failure = failing(replace(vector_server.address, database="nowhere"))
    assert failure.cause is Cause.DATABASE
    assert "nowhere" in failure.message


def test_starting_up(make_postgres: PostgresMaker, services_folder: Path) -> None:
    """A server in recovery that waits for its archive, as after a restore."""
    server = make_postgres(
        vector=False,
        start=False,
        settings={"restore_command": "sleep 300", "recovery_target": "immediate"},
    )
    (server.data / "recovery.signal").touch()
    process = server.launch()
    try:
        deadline = time.monotonic() + 300
        while (cause := failing(server.address).cause) is Cause.REFUSED:
            assert time.monotonic() < deadline
        assert cause is Cause.STARTING
    finally:
        process.stop()


def test_too_many_connections(make_postgres: PostgresMaker) -> None:
    server = make_postgres(settings={"max_connections": "2", "superuser_reserved_connections": "0"})
    arguments = server.address.connect_arguments()
    with psycopg.connect(**arguments), psycopg.connect(**arguments):
        failure = failing(server.address)
    assert failure.cause is Cause.CONNECTIONS
    assert "max_connections" in failure.remedy


def test_too_old_a_postgres_for_the_federated_tier(
    plain_database: PostgresAddress, valkey_address: ValkeyAddress
) -> None:
    failures = detect(federated(plain_database, valkey_address)).failures
    with psycopg.connect(**plain_database.connect_arguments()) as connection:
        version = connection.info.server_version // 10000
    if version >= 17:
        pytest.skip(f"the Postgres without pgvector here is {version}: not too old")
    assert [f.cause for f in failures] == [Cause.TOO_OLD, Cause.VECTOR_MISSING]
    assert f"version {version}." in failures[0].message
    assert "needs 17" in failures[0].message


def test_read_only_postgres(make_postgres: PostgresMaker) -> None:
    server = make_postgres()
    with psycopg.connect(**server.address.connect_arguments(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        connection.execute("SELECT pg_reload_conf()")
    assert failing(server.address).cause is Cause.READ_ONLY


def test_not_admitted(make_postgres: PostgresMaker) -> None:
    server = make_postgres(start=False)
    (server.data / "pg_hba.conf").write_text("host all mission 127.0.0.1/32 scram-sha-256\n")
    with ExitStack() as stack:
        stack.callback(server.start().stop)
        for tls in (Tls.PREFER, Tls.DISABLE):
            failure = failing(replace(server.address, user="somebody", tls=tls))
            assert failure.cause is Cause.NOT_ADMITTED
            assert "pg_hba.conf" in failure.remedy


def test_the_extension_is_not_installed_in_the_server(
    plain_database: PostgresAddress, valkey_address: ValkeyAddress
) -> None:
    failure = detect(federated(plain_database, valkey_address)).failures[-1]
    assert failure.cause is Cause.VECTOR_MISSING
    assert plain_database.where in failure.message
    assert "pgvector/pgvector:pg17" in failure.remedy


@pytest.fixture
def bystander(vector_database: PostgresAddress) -> Iterator[PostgresAddress]:
    """A user of the database who may not create anything in it."""
    name = sql.Identifier(f"bystander_{vector_database.database}")
    arguments = vector_database.connect_arguments()
    with psycopg.connect(**arguments, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                name, sql.Literal(PASSWORD.get_secret_value())
            )
        )
        yield replace(vector_database, user=f"bystander_{vector_database.database}")
        connection.execute(sql.SQL("DROP OWNED BY {}").format(name))
        connection.execute(sql.SQL("DROP ROLE {}").format(name))


def test_the_extension_is_not_allowed(
    vector_database: PostgresAddress, bystander: PostgresAddress, valkey_address: ValkeyAddress
) -> None:
    config = federated(bystander, valkey_address)
    failure = the_failure(config)
    assert failure.cause is Cause.VECTOR_FORBIDDEN
    assert "CREATE EXTENSION vector" in failure.remedy
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        connection.execute("CREATE EXTENSION vector")
    assert not detect(config).failures, "once it is there, no privilege is needed"
