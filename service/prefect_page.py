"""Where Prefect has the page of a run. Nothing is asked for it."""

from __future__ import annotations

import socket
import uuid
from urllib.parse import urlsplit

from flows.server_record import ServerRecord
from mission.place import mission_home
from service.standing import RunSign


def prefect_page(run: RunSign | None, given: str = "") -> str:
    """The address of a run's flow run; empty where it has none, or nobody can tell where it is.

    Args:
        run: The run.
        given: The address of a Prefect API that a person chose (`PREFECT_API_URL`). Without it,
            the runs of this machine are on the local server's pages, while that is there.
    """
    if run is None or run.engine_run is None or not _is_one(run.engine_run):
        return ""
    pages = _pages_of(given)
    if not pages and run.host == socket.gethostname():
        server = ServerRecord(mission_home() / "prefect").read()
        pages = server.pages if server is not None else ""
    return f"{pages}/runs/flow-run/{run.engine_run}" if pages else ""


def _pages_of(api: str) -> str:
    """Prefect's own server has its pages beside its API; a password in an address is nobody's."""
    try:
        parts = urlsplit(api)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        return ""
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/api')}"


def _is_one(run: str) -> bool:
    try:
        return str(uuid.UUID(run)) == run
    except ValueError:
        return False
