"""Prefect's settings, as environment variables: for the local server, and for its clients.

`docs/decisions.md` says where each comes from. Prefect reads its environment when it is imported,
so clients call `connect` before anything imports Prefect.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

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
    "PREFECT_LOGGING_LEVEL": "WARNING",
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


def server_settings(folder: Path, port: int) -> dict[str, str]:
    """The whole environment of the local server. No secrets, and no Prefect settings of others."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        **kept,
        **_SERVER,
        "PREFECT_HOME": str(folder),
        # A page of the web that a person happens to visit must not talk to it.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port},http://localhost:{port}",
    }


def given_api() -> str | None:
    """The Prefect API that a person chose with PREFECT_API_URL."""
    return os.environ.get("PREFECT_API_URL") or None


def client_settings(api: str, *, home: Path | None) -> Mapping[str, str]:
    """What a client of `api` sets in its environment.

    Args:
        api: The API's address.
        home: The local server's folder: its clients read no profile of the person, who may have
            logged in to some other server there. None keeps the person's own settings.
    """
    own = {"PREFECT_API_URL": api}
    return {**_CLIENT, **own} if home is None else {**_CLIENT, **own, "PREFECT_HOME": str(home)}


def connect(api: str, *, home: Path | None = None) -> None:
    """Make this process a client of `api`. What a person set by hand otherwise stays.

    Raises:
        RuntimeError: Prefect was imported before, with other settings.
    """
    wanted = client_settings(api, home=home)
    must = {"PREFECT_API_URL", "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "PREFECT_HOME"}
    missing = {
        name: value
        for name, value in wanted.items()
        if os.environ.get(name) != value and (name in must or name not in os.environ)
    }
    if missing and "prefect" in sys.modules:
        raise RuntimeError(f"Prefect was imported before it was told: {', '.join(sorted(missing))}")
    os.environ.update(missing)
