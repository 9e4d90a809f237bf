"""Reaching Prefect's server, from a process that imports Prefect for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flows.server import LocalServer, OnNote, ServerError, answers
from flows.settings import connect, given_api, load_prefect


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """The server that this process is a client of."""

    api: str  # its address
    secret_file: Path | None  # where the local one's secret is; None: another server's is not ours
    gone: Callable[[], bool] | None = None  # whether its process has ended; None: nobody can tell


def reach(note: OnNote) -> Reached:
    """Make this process a client of PREFECT_API_URL's server, else of the local one, and import
    Prefect.

    Prefect takes two seconds to import, and a local server takes more to start: they do so at the
    same time. Call it before anything imports Prefect, which reads its settings as it is imported.

    Raises:
        ServerError: The server cannot be started or reached.
    """
    given = given_api()
    if given is not None:
        connect(given)
        need_answer(given)
        load_prefect()
        return Reached(api=given, secret_file=None)
    local = LocalServer()
    server = local.find_or_start(note)
    connect(server.api, local.access())
    load_prefect()
    now = local.ensure(note)
    # One that was started again is as good as the first where our settings, which Prefect has read,
    # hold for it too. Only where its port was taken meanwhile do they not.
    if (now.api, now.secret) != (server.api, server.secret):
        raise ServerError(
            "the local Prefect server ended while it started, and is at another address now",
            hint="`mission server status` shows it",
        )
    return Reached(
        api=server.api,
        secret_file=local.secret.file,
        gone=lambda: local.running() is None,
    )


def need_answer(api: str) -> None:
    """Refuse an API that a person named and that does not answer.

    Raises:
        ServerError: It does not.
    """
    if not answers(api):
        raise ServerError(
            f"the Prefect API at {api} does not answer",
            hint="PREFECT_API_URL names it; without it the runner starts a local server",
        )
