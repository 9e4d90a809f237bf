"""Prefect's settings, as environment variables: for the local server, and for its clients.

Prefect reads its environment when it is imported, so clients call `connect` before anything imports
Prefect. Why they are as they are is in `docs/decisions.md`, "Prefect and workers".
"""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

AUTH_STRING = "PREFECT_API_AUTH_STRING"  # what a client logs in with
TAG = "mission-runner"  # on all our flow runs: the automation of `mission deploy` minds only these

_BATCHES = {"BATCH_SIZE": "200", "READ_BATCH_SIZE": "200", "FLUSH_INTERVAL": "1"}

# Without the batches a server spends five times the processor time, and lags half a minute behind.
_SERVER: dict[str, str] = {
    **{f"PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_{k}": v for k, v in _BATCHES.items()},
    **{f"PREFECT_SERVER_SERVICES_EVENT_PERSISTER_{k}": v for k, v in _BATCHES.items()},
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    # Leases in memory leak for ever when the server restarts.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
        "prefect.server.concurrency.lease_storage.filesystem"
    ),
    # Block types that nobody here uses cost three seconds of each start.
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
}

_CLIENT: dict[str, str] = {
    # The ephemeral server loses task runs while the flow says that all went well.
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    # The runner keeps its own logs; sending them too costs a third of a client's time.
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    # Prefect tells of a server that is away at each event; the runner does so once, at the end.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    # A server that is away is asked again for a quarter of a minute, by default for a whole one: at
    # each of the questions that end a run.
    "PREFECT_CLIENT_MAX_RETRIES": "3",
    # Spans that nobody collects.
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    # With the automation of `mission deploy`, a run whose machine died is marked in 90 seconds.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "DO_NOT_TRACK": "1",
}

_KEPT = ("HOME", "LANG", "LANGUAGE", "PATH", "SYSTEMROOT", "TMPDIR", "TZ", "USER")


def place_tag(state_dir: Path) -> str:
    """The tag on the flow runs of one mission in one clone on one machine: by it the next run finds
    one that was killed before the journal knew of it."""
    place = f"{socket.gethostname()}:{state_dir}"
    return f"{TAG}:{hashlib.sha256(place.encode(errors='surrogateescape')).hexdigest()[:12]}"


def server_settings(folder: Path, *, secret: str) -> dict[str, str]:
    """The whole environment of the local server. No secret but its own, no settings of others."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        **kept,
        **_SERVER,
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_API_AUTH_STRING": secret,
        # No page of another origin may talk to it. Its own pages ask where they come from, whatever
        # the port, and whether a person typed `localhost` or the number.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "",
        "PREFECT_UI_API_URL": "/api",
    }


def given_api() -> str | None:
    """The Prefect API that a person chose with PREFECT_API_URL."""
    return os.environ.get("PREFECT_API_URL") or None


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """What a client of the local server needs beside its address."""

    home: Path  # the server's folder: its clients read no profile of the person, who may have
    # logged in to some other server there
    secret: str = field(repr=False)  # what the server asks for


def client_settings(api: str, access: Access | None = None) -> Mapping[str, str]:
    """What a client of `api` sets in its environment.

    Args:
        api: The API's address.
        access: To the local server. None keeps the person's own settings.
    """
    settings = {**_CLIENT, "PREFECT_API_URL": api}
    if access is None:
        return settings
    return {**settings, "PREFECT_HOME": str(access.home), AUTH_STRING: access.secret}


def connect(api: str, access: Access | None = None) -> None:
    """Make this process a client of `api`. What a person set by hand otherwise stays.

    Raises:
        RuntimeError: Prefect was imported before, with other settings.
    """
    wanted = client_settings(api, access)
    must = {"PREFECT_API_URL", "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "PREFECT_HOME", AUTH_STRING}
    missing = {
        name: value
        for name, value in wanted.items()
        if os.environ.get(name) != value and (name in must or name not in os.environ)
    }
    if missing and "prefect" in sys.modules:
        raise RuntimeError(f"Prefect was imported before it was told: {', '.join(sorted(missing))}")
    os.environ.update(missing)


def load_prefect() -> None:
    """Import Prefect, with the settings of the environment and the profile and no others.

    Prefect also reads `.env`, `prefect.toml` and `pyproject.toml` of the current folder, once, as
    it is imported. That folder is the mission's: what an agent wrote there and had merged would say
    where secrets go and, through the logging settings, what code runs.
    """
    with chdir(os.sep):
        import_module("prefect.main")
