"""Booting the gateway: only on a tier that is as it must be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

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


def serve(config: TierConfig, embedder: Embedder | None, *, host: str, port: int) -> None:
    """Answer requests until a signal ends us.

    Raises:
        As `boot`.
    """
    with boot(config, embedder) as app:
        uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False)


def _problems(config: TierConfig) -> list[str]:
    return [r.service.value for r in detect(config).results if r.failure is not None]
