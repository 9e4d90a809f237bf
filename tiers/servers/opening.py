"""Opening the database of a tier: what has to run for it runs for as long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tiers.config import TierConfig
from tiers.servers.local import open_local
from tiers.servers.pglite import open_pglite
from tiers.settings.address import PostgresAddress
from tiers.settings.model import StorageType
from workspace.process import Stop


@contextmanager
def open_place(config: TierConfig, stop: Stop | None = None) -> Iterator[PostgresAddress]:
    """The storage's database; what must run for it runs as long.

    Raises:
        TierError: It cannot be started.
        StoppedError: A stop was requested before it had started.
    """
    if config.postgres is not None:
        yield config.postgres
    elif config.storage is StorageType.PGLITE and config.folder is not None:
        with open_pglite(config.folder, stop) as address:
            yield address
    else:
        with open_local(config, stop) as address:
            yield address
