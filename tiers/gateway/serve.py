"""Booting the gateway: only on a tier that is as it must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from fastapi import FastAPI

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


@contextmanager
def boot(
    config: TierConfig, embedder: Embedder | None, door: Door, also: Also | None = None
) -> Iterator[FastAPI]:
    """The gateway's application, once everything that the tier needs is there.

    Raises:
        TierUnavailableError: Something is not: which, where, and the remedy.
        TierError: The schema cannot be brought to our version.
    """
    detect(config, fail_fast=True).require()
    with open_place(config) as address:
        upgrade(address, vector=config.vector)
        with ReadStorage(address=address, embedder=embedder) as storage:
            yield make_app(
                storage, lambda: _problems(config), door, None if also is None else also(storage)
            )


def serve(
    config: TierConfig,
    embedder: Embedder | None,
    *,
    listening: Listening,
    tokens: Tokens,
    on_ready: Callable[[str, bool], None],
    also: Also | None = None,
) -> None:
    """Answer requests until a signal ends us.

    Args:
        on_ready: Told the address once requests are accepted there, and whether without tokens.
        also: Makes what else reads the storage, at a path of its own.

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
    with boot(config, embedder, door, also) as app, place.listen() as listener:
        scheme = "http" if certificate is None else "https"
        shown = f"[{listening.host}]" if ":" in listening.host else listening.host
        on_ready(f"{scheme}://{shown}:{place.port}", door.tokens is None)
        server_of(app, certificate).run(sockets=[listener])


def _problems(config: TierConfig) -> list[str]:
    return [r.service.value for r in detect(config).results if r.failure is not None]
