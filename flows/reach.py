"""Reaching Prefect's server from a command that runs no mission."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flows.server import LocalServer, OnNote, ServerError, answers
from flows.settings import connect, given_api, load_prefect


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """The server that this process is a client of."""

    api: str  # its address
    secret_file: Path | None  # where the local one's secret is; None: another server's is not ours


def reach(note: OnNote) -> Reached:
    """Make this process a client of PREFECT_API_URL's server, else of the local one.

    Call it before anything imports Prefect.

    Raises:
        ServerError: The server cannot be started or reached.
    """
    given = given_api()
    if given is None:
        local = LocalServer()
        server = local.ensure(note)
        connect(server.api, local.access())
        load_prefect()
        return Reached(api=server.api, secret_file=local.secret.file)
    connect(given)
    load_prefect()
    if not answers(given):
        raise ServerError(
            f"the Prefect API at {given} does not answer",
            hint="PREFECT_API_URL names it; without it the runner uses a local server",
        )
    return Reached(api=given, secret_file=None)
