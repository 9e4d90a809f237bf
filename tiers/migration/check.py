"""Proof of the migration: a sample moves, and what arrived is compared value by value."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from errors import TierError
from tiers.config import TierConfig
from tiers.detect import detect
from tiers.migration.run import migrate
from tiers.sample.compare import CheckedTable, compare, reading
from tiers.sample.fill import fill
from tiers.servers.local import open_local
from tiers.servers.opening import open_place
from tiers.servers.pglite import has_pglite, serve_pglite
from tiers.servers.throwaway import throwaway_database, throwaway_folder
from tiers.settings.address import PostgresAddress
from tiers.settings.model import QueueType, StorageType, Tier
from tiers.storage.schema import brief
from workspace.process import Stop

_SECRETS = frozenset({"sessions", "users.passwordHash"})  # of the sample: never copied


@dataclass(frozen=True, kw_only=True, slots=True)
class MigrationCheck:
    """What the check found."""

    source: str  # what kind of storage was moved
    version: str  # of the source's server
    tables: tuple[CheckedTable, ...]
    left: tuple[str, ...]  # what stayed behind, as it must
    seeded: float  # seconds to make the sample, the server's start included
    moved: float  # seconds of the migration

    @property
    def leaked(self) -> tuple[str, ...]:
        """Secrets that did not stay behind, one line each."""
        return tuple(f"{name} was taken along" for name in sorted(_SECRETS - set(self.left)))

    @property
    def ok(self) -> bool:
        """Whether every table arrived as it was, without the secrets."""
        return all(table.ok for table in self.tables) and not self.leaked


def check_migration(
    target: TierConfig, *, kind: StorageType | None = None, stop: Stop | None = None
) -> MigrationCheck:
    """Move a sample to a database of its own on the target's server, and compare.

    Args:
        target: The federated tier. Its own database is left alone.
        kind: Of the source: PGlite or an embedded Postgres. None takes PGlite where this machine
            has it.

    Raises:
        TierError: A server cannot be used, or the migration was refused.
        StoppedError: A stop was requested; nothing of the sample stays.
    """
    if target.postgres is None:
        raise TierError(f"The {target.tier} tier has no Postgres of its own to move to")
    detect(replace(target, valkey=None)).require()  # no event is sent
    if kind is None:
        kind = StorageType.PGLITE if has_pglite() else StorageType.EMBEDDED
    try:
        with throwaway_folder() as folder, throwaway_database(target.postgres) as address:
            target = replace(target, postgres=address)
            return _check(kind, folder / "source", target, address, stop or Stop())
    except psycopg.Error as error:
        raise TierError(
            f"The check of the migration stopped: {brief(error)}",
            hint="`mission tier doctor` tells how the storage is",
        ) from None


def _check(
    kind: StorageType, folder: Path, target: TierConfig, address: PostgresAddress, stop: Stop
) -> MigrationCheck:
    source = _source(kind, folder)
    stop.heed()
    began = time.monotonic()
    with _served(source, stop) as place:
        fill(place)
    seeded = time.monotonic() - began
    began = time.monotonic()
    preview, _moved = migrate(
        source,
        target,
        agree=lambda _preview: None,
        progress=lambda _table, _rows: None,
        stop=stop,
    )
    moved = time.monotonic() - began
    with open_place(source, stop) as place, reading(place) as there, reading(address) as here:
        tables = compare(there, here)
        version = str(there.info.server_version // 10000)
    return MigrationCheck(
        source="PGlite" if kind is StorageType.PGLITE else "embedded Postgres",
        version=version,
        tables=tables,
        left=preview.left,
        seeded=seeded,
        moved=moved,
    )


def _source(kind: StorageType, folder: Path) -> TierConfig:
    return TierConfig(
        tier=Tier.LOCAL,
        storage=kind,
        folder=folder,
        postgres=None,
        queue=QueueType.LOCAL,
        valkey=None,
    )


@contextmanager
def _served(source: TierConfig, stop: Stop) -> Iterator[PostgresAddress]:
    """The source's database, made when it is not there yet."""
    if source.storage is StorageType.PGLITE and source.folder is not None:
        with serve_pglite(source.folder, stop) as address:
            yield address
    else:
        with open_local(source, stop) as address:
            yield address
