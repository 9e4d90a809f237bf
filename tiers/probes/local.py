"""One look at the folder of a local tier. Nothing is started."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from errors import TierError
from tiers.config import TierConfig
from tiers.probes.postgres import probe_postgres
from tiers.probes.probe import Cause, Failure, ProbeResult, Service
from tiers.servers.local import local_server
from tiers.settings.model import StorageType


def probe_folder(config: TierConfig, timeout: timedelta) -> ProbeResult:
    """Whether the storage of a local tier is usable: it answers, or could be started."""
    if config.storage is StorageType.PGLITE:
        return _pglite(config)
    try:
        server = local_server(config)
        if server.is_running():
            return probe_postgres(server.address, vector=False, timeout=timeout)[0]
        if server.data.is_dir():
            server.check_version()
    except TierError as error:
        return _failed(config, error.message, error.hint)
    except OSError as error:
        told = f"{error.filename or config.folder} cannot be read: {error.strerror}"
        return _failed(config, told, "Correct storage.folder, or restore what was in it")
    home = _existing(server.folder)
    if not os.access(home, os.W_OK | os.X_OK):
        return _failed(config, f"{home} cannot be written to", "Correct storage.folder")
    return ProbeResult(
        service=Service.FOLDER,
        where=str(server.folder),
        version=str(server.binaries.version),
        detail="started when it is needed" if server.data.is_dir() else "made at its first use",
    )


def _pglite(config: TierConfig) -> ProbeResult:
    folder = config.folder
    if folder is None or not (folder / "PG_VERSION").is_file():
        return _failed(config, f"{folder} holds no PGlite data", "Correct storage.folder")
    version = (folder / "PG_VERSION").read_text().strip()
    return ProbeResult(service=Service.FOLDER, where=str(folder), version=version, detail="PGlite")


def _failed(config: TierConfig, message: str, remedy: str) -> ProbeResult:
    found = Failure(cause=Cause.FOLDER, message=message, remedy=remedy)
    return ProbeResult(service=Service.FOLDER, where=str(config.folder), failure=found)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.is_dir())
