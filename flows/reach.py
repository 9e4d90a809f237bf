"""Reaching Prefect's server from a command that runs no mission."""

from __future__ import annotations

from flows.server import LocalServer, OnNote, ServerError, answers
from flows.settings import connect, given_api


def reach(note: OnNote) -> str:
    """Make this process a client of PREFECT_API_URL's server, else of the local one. Its address.

    Call it before anything imports Prefect.

    Raises:
        ServerError: The server cannot be started or reached.
    """
    given = given_api()
    if given is None:
        local = LocalServer()
        server = local.ensure(note)
        connect(server.api, home=local.folder)
        return server.api
    connect(given)
    if not answers(given):
        raise ServerError(
            f"the Prefect API at {given} does not answer",
            hint="PREFECT_API_URL names it; without it the runner uses a local server",
        )
    return given
