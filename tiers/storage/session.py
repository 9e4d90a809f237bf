"""A connection to a tier's storage, with everything in place for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from errors import TierError
from tiers.config import TierConfig
from tiers.detect import detect
from tiers.servers.opening import open_place
from tiers.storage.schema import brief, upgrade


@contextmanager
def open_storage(config: TierConfig) -> Iterator[psycopg.Connection[Any]]:
    """The storage, its schema brought to our version; in autocommit mode.

    Raises:
        TierError: The tier cannot be used, or the server refused something in the `with` block.
    """
    detect(config, fail_fast=True).require()
    try:
        with open_place(config) as address:
            upgrade(address, vector=config.vector)
            with psycopg.connect(**address.connect_arguments(), autocommit=True) as connection:
                yield connection
    except psycopg.Error as error:
        raise TierError(
            f"The storage refuses: {brief(error)}", hint="Run the same command to go on"
        ) from None
