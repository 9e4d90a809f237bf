"""Booting the gateway: only on a tier that is as it must be."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from errors import TierError
from tiers.config import TierConfig
from tiers.detect import detect
from tiers.gateway.app import make_app
from tiers.gateway.storage import ReadStorage
from tiers.search.embedder import Embedder
from tiers.servers.opening import open_place
from tiers.storage.schema import upgrade


@contextmanager
def boot(config: TierConfig, embedder: Embedder | None) -> Iterator[FastAPI]:
    """The gateway's application, once everything that the tier needs is there.

    Raises:
        TierUnavailableError: Something is not: which, where, and the remedy.
        TierError: The schema cannot be brought to our version.
    """
    detect(config, fail_fast=True).require()
    with open_place(config) as address:
        upgrade(address, vector=config.vector)
        with ReadStorage(address=address, embedder=embedder) as storage:
            yield make_app(storage, lambda: _problems(config))


def serve(
    config: TierConfig,
    embedder: Embedder | None,
    *,
    host: str,
    port: int,
    on_ready: Callable[[str], None],
) -> None:
    """Answer requests until a signal ends us.

    Args:
        on_ready: Told the address once requests are accepted there.

    Raises:
        TierError: Nobody can listen there; else as `boot`.
    """
    with boot(config, embedder) as app, _listening(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        on_ready(f"http://{shown}:{listener.getsockname()[1]}")
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False))
        server.run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise TierError(
            f"the gateway cannot listen on {host}:{port}: {error.strerror}",
            hint="Name another --port, or end what listens there",
        ) from error


def _problems(config: TierConfig) -> list[str]:
    return [r.service.value for r in detect(config).results if r.failure is not None]
