"""What is written down of the local Prefect server while it runs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from mission.private import put_private

HOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A local server as its record describes it."""

    pid: int
    port: int
    version: str  # of Prefect, when it was started
    since: str  # ISO 8601, UTC
    secret: str = ""  # the fingerprint of what it asks for; older runners' servers asked for none

    @property
    def api(self) -> str:
        """What PREFECT_API_URL must be."""
        return f"http://{HOST}:{self.port}/api"

    @property
    def pages(self) -> str:
        """What people open."""
        return f"http://{HOST}:{self.port}"


class ServerRecord:
    """The record of the server in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "server.json"

    def read(self) -> Server | None:
        """The server; None where nothing was written, or what another version of ours reads."""
        try:
            return Server(**json.loads(self.file.read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, server: Server) -> None:
        """Write it down, in the place of what was there."""
        put_private(self.file, json.dumps(asdict(server)) + "\n", replace=True)

    def forget(self) -> None:
        """Take it away."""
        self.file.unlink(missing_ok=True)
