"""Source and target are told to be one database, by whatever way they are reached."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.command import run
from tests.integration.tiers.storage.configured import configured
from tests.services import PASSWORD, PostgresMaker
from tiers.settings.address import PostgresAddress
from tiers.storage.schema import upgrade


def refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, one: PostgresAddress, other: PostgresAddress
) -> None:
    """See that neither moves into the other, asked either way."""
    for source, target in ((one, other), (other, one)):
        here = configured(tmp_path / "from.json", "standalone", source)
        there = configured(tmp_path / "to.json", "federated", target)
        for flag in ("--yes", "--dry-run"):
            said = run(capsys, "tier", "migrate", "--from", here, "--to", there, flag, code=1)
            assert "Source and target are the same database" in said


@contextmanager
def forwarded(address: PostgresAddress) -> Iterator[PostgresAddress]:
    """The same server behind another port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, address), daemon=True).start()
        yield replace(address, port=listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)  # `accept` does not end with `close` alone


def _serve(listener: socket.socket, address: PostgresAddress) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.create_connection((address.host, address.port))
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with one:
        try:
            while data := one.recv(1 << 16):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:  # either end has gone
            return


def test_by_another_name(
    capsys: pytest.CaptureFixture[str], vector_database: PostgresAddress, tmp_path: Path
) -> None:
    upgrade(vector_database, vector=True)
    refused(capsys, tmp_path, replace(vector_database, host="localhost"), vector_database)


def test_by_another_port(
    capsys: pytest.CaptureFixture[str], vector_database: PostgresAddress, tmp_path: Path
) -> None:
    upgrade(vector_database, vector=True)
    with forwarded(vector_database) as other:
        refused(capsys, tmp_path, other, vector_database)


def test_by_a_socket(
    capsys: pytest.CaptureFixture[str], make_postgres: PostgresMaker, tmp_path: Path
) -> None:
    server = make_postgres(start=False)
    server = replace(
        server, settings={**server.settings, "unix_socket_directories": str(server.folder)}
    )
    owned = server.start()
    try:
        upgrade(server.address, vector=True)
        refused(capsys, tmp_path, replace(server.address, host=str(server.folder)), server.address)
    finally:
        owned.stop()


def test_by_another_user(
    capsys: pytest.CaptureFixture[str], vector_database: PostgresAddress, tmp_path: Path
) -> None:
    upgrade(vector_database, vector=True)
    name = sql.Identifier(f"other_{vector_database.database}")
    arguments = vector_database.connect_arguments()
    with psycopg.connect(**arguments, autocommit=True) as connection:
        secret = sql.Literal(PASSWORD.get_secret_value())
        connection.execute(
            sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}").format(name, secret)
        )
        other = replace(vector_database, user=f"other_{vector_database.database}")
        refused(capsys, tmp_path, other, vector_database)
        connection.execute(sql.SQL("DROP ROLE {}").format(name))


def test_another_database_of_the_same_server_is_another(
    capsys: pytest.CaptureFixture[str], vector_database: PostgresAddress, tmp_path: Path
) -> None:
    name = sql.Identifier(f"{vector_database.database}_beside")
    beside = replace(vector_database, database=f"{vector_database.database}_beside")
    with psycopg.connect(**vector_database.connect_arguments(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            upgrade(beside, vector=False)
            here = configured(tmp_path / "from.json", "standalone", beside)
            there = configured(tmp_path / "to.json", "federated", vector_database)
            run(capsys, "tier", "migrate", "--from", here, "--to", there, "--yes")
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
