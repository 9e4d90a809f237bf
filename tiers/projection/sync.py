"""One mission's whole way into a tier: its copy in the storage, its events live in Valkey."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import psycopg
import redis

from errors import TierError
from mission.journal import Journal
from mission.place import Place
from mission.plan import read_plan
from tiers.config import TierConfig
from tiers.projection.live import LiveEvents
from tiers.projection.project import Projected, project


@dataclass(frozen=True, kw_only=True, slots=True)
class Synced:
    """What was new."""

    projected: Projected
    sent: int  # live events


def sync(config: TierConfig, connection: psycopg.Connection[Any], place: Place) -> Synced:
    """Copy what the storage lacks, and send what the live stream lacks. Stopped, it goes on.

    Raises:
        TaskFileError: The task file cannot be read.
        TierError: Valkey takes no events; the storage has them.
        psycopg.Error: The server refuses; what was committed stays.
    """
    with ExitStack() as stack:
        journal = stack.enter_context(Journal.open_to_read(place.journal_file))
        done = project(connection, place, read_plan(place), journal)
        if config.valkey is None:
            return Synced(projected=done, sent=0)
        live = LiveEvents.at(config.valkey, done.origin.source)
        stack.callback(live.close)
        try:
            return Synced(projected=done, sent=live.publish(journal))
        except redis.RedisError as error:
            raise TierError(
                f"Valkey at {config.valkey.where} takes no events: {type(error).__name__}",
                hint="The storage has them; `mission tier sync` sends them",
            ) from None
