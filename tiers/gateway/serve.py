"""Booting the gateway: only on a tier that is as it must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from tiers.config import TierConfig
from tiers.detect import detect
from tiers.gateway.app import Mounted, make_app
from tiers.gateway.entrance import Door
from tiers.gateway.listening import Listening
from tiers.gateway.server import server_of
from tiers.gateway.storage import ReadStorage
from tiers.gateway.tokens import Tokens
from tiers.search.embedder import Embedder
from tiers.servers.opening import open_place
from tiers.storage.schema import upgrade

#: Makes what else reads a storage.
Also = Callable[[ReadStorage], Mounted]


@dataclass(frozen=True, kw_only=True, slots=True)
class Booted:
    """A gateway that can answer."""

    app: FastAPI
    storage: ReadStorage
    door: Door
    port: int
    secure: bool  # whether browsers speak TLS with it, or with a proxy in front of it
    is_over: Callable[[], bool]  # whether answers that last are to end


#: What is put around the API, by whoever knows more than a tier does.
Around = Callable[[Booted], ASGIApp]


@contextmanager
def boot(
    config: TierConfig, embedder: Embedder | None, door: Door, also: Also | None = None
) -> Iterator[tuple[FastAPI, ReadStorage]]:
    """The gateway's application, once everything that the tier needs is there.

    Raises:
        TierUnavailableError: Something is not: which, where, and the remedy.
        TierError: The schema cannot be brought to our version.
    """
    detect(config, fail_fast=True).require()
    with open_place(config) as address:
        upgrade(address, vector=config.vector)
        with ReadStorage(address=address, embedder=embedder) as storage:
            more = None if also is None else also(storage)
            yield make_app(storage, lambda: _problems(config), door, more), storage


def serve(
    config: TierConfig,
    embedder: Embedder | None,
    *,
    listening: Listening,
    tokens: Tokens,
    on_ready: Callable[[str, bool], None],
    also: Also | None = None,
    around: Around = lambda booted: booted.app,
) -> None:
    """Answer requests until a signal ends us.

    Args:
        on_ready: Told the address once requests are accepted there, and whether without tokens.
        also: Makes what else reads the storage, at a path of its own.
        around: What answers at all other paths.

    Raises:
        UsageError: It would be reached from elsewhere without a token or without TLS.
        ConfigError: What TLS needs cannot be used.
        TierError: Nobody can listen there; else as `boot`.
    """
    certificate = listening.certificate
    if certificate is not None:
        certificate.check()
    place = listening.place()
    door = listening.door(place.address, tokens, datetime.now(UTC))
    servers: list[uvicorn.Server] = []
    with boot(config, embedder, door, also) as (app, storage), place.listen() as listener:
        booted = Booted(
            app=app, storage=storage, door=door, port=place.port,
            secure=certificate is not None or listening.proxied,
            is_over=lambda: any(server.should_exit for server in servers),
        )  # fmt: skip
        servers.append(server_of(around(booted), certificate))
        scheme = "http" if certificate is None else "https"
        shown = f"[{listening.host}]" if ":" in listening.host else listening.host
        on_ready(f"{scheme}://{shown}:{place.port}", door.tokens is None)
        servers[0].run(sockets=[listener])


def _problems(config: TierConfig) -> list[str]:
    return [r.service.value for r in detect(config).results if r.failure is not None]
