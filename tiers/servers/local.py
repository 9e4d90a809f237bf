"""The storage of the `local` tier: a Postgres or PGlite in a folder, started when it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from errors import TierError
from tiers.config import TierConfig
from tiers.servers.owned_process import free_port
from tiers.servers.pglite import serve_pglite
from tiers.servers.postgres import PostgresServer
from tiers.servers.postgres_binaries import find_postgres, reachable
from tiers.settings.address import PostgresAddress
from tiers.settings.folders import data_folder, tiers_home
from tiers.settings.model import StorageType
from tiers.settings.secret import kept_secret
from tiers.settings.server_user import ServerUser
from workspace.process import Stop

_PASSWORD_FILE = "local-password"  # noqa: S105 - a file's name, below `tiers_home`


def local_server(config: TierConfig, *, make: bool = False) -> PostgresServer:
    """The server on the folder of a `local` tier, whether it runs or not.

    With `make` it may be started, and gets a password if it has none yet. Its port is any free
    one: two projects may each have theirs running.

    Raises:
        TierError: This machine has no Postgres, or the storage is not an embedded one.
    """
    if config.storage is not StorageType.EMBEDDED or config.folder is None:
        raise TierError(f"A storage of type `{config.storage}` is not started by us")
    user = ServerUser.current()
    binaries = find_postgres()
    if binaries is None:
        raise TierError(
            "This machine has no Postgres",
            hint="Install one: pip install 'mission-runner[embedded]'",
        )
    folder = data_folder(config.folder, user)
    address = PostgresAddress(
        port=_port_in_use(folder) or free_port(),
        password=kept_secret(tiers_home() / _PASSWORD_FILE, make=make),
    )
    return PostgresServer(
        binaries=reachable(binaries, user), folder=folder, address=address, user=user
    )


@contextmanager
def open_local(config: TierConfig, stop: Stop | None = None) -> Iterator[PostgresAddress]:
    """The database of a `local` tier: the running server's, else one that we start for as long.

    Raises:
        TierError: It cannot be started.
        StoppedError: A stop was requested before it had started.
    """
    if config.storage is StorageType.PGLITE and config.folder is not None:
        with serve_pglite(config.folder, stop) as address:
            yield address
        return
    tiers_home().mkdir(mode=0o711, parents=True, exist_ok=True)
    with FileLock(tiers_home() / "services.lock", mode=0o600):
        server = local_server(config, make=True)
        owned = None if server.is_running() else server.start()
    try:
        yield server.address
    finally:
        if owned is not None:
            owned.stop()


def _port_in_use(folder: Path) -> int | None:
    """The port that a running server wrote into its lock file: the fourth line."""
    try:
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    return int(lines[3]) if len(lines) > 3 else None
