"""The journal's events, live, through a stream in Valkey for each journal.

An entry's id is the event's number in the journal. Valkey takes only ids that grow: so an event is
there once and in order, however often and by whomever it is sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import redis

from mission.journal import Journal
from mission.journal.stored import data_of, word_of
from tiers.settings.address import ValkeyAddress

_KEPT = 10_000  # entries; what is older is in the storage
_NOT_NEWER = "equal or smaller"  # of Valkey's answer to an id that is there already


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveEvent:
    """An event as it comes over the wire."""

    number: int  # in its journal
    event: dict[str, object]  # at, kind, run, task, attempt, data


class LiveEvents:
    """The stream of one journal."""

    def __init__(self, client: redis.Redis, source: str) -> None:
        self._client: Any = client  # its types mix those of the asynchronous client in
        self.key = f"mission-runner:events:{source}"

    @classmethod
    def at(cls, address: ValkeyAddress, source: str) -> LiveEvents:
        """The stream in this server."""
        arguments = address.connect_arguments(timeout=timedelta(seconds=30))
        return cls(redis.Redis(**arguments), source)

    def publish(self, journal: Journal) -> int:
        """Send what the stream lacks; how many that were.

        Raises:
            redis.RedisError: The server refuses, or is away. The next call goes on.
        """
        sent = 0
        for event in journal.events(after=self.last()):
            body = {
                "at": event.at.isoformat(),
                "kind": word_of(event.what),
                "run": event.run,
                "task": event.task,
                "attempt": event.attempt,
                "data": data_of(event.what),
            }
            sent += self._send(event.id, json.dumps(body))
        return sent

    def last(self) -> int:
        """The number of the newest event that was sent; 0 for none."""
        newest = self._client.xrevrange(self.key, count=1)
        return _number(newest[0][0]) if newest else 0

    def read(self, after: int, *, wait: timedelta = timedelta(0)) -> list[LiveEvent]:
        """Events behind the one numbered `after`; if there are none, wait for the next."""
        block = round(wait.total_seconds() * 1000) or None
        found = self._client.xread({self.key: f"{after}-0"}, count=1000, block=block)
        entries: Iterable[tuple[bytes, dict[bytes, bytes]]] = found[0][1] if found else ()
        return [
            LiveEvent(number=_number(identifier), event=json.loads(fields[b"event"]))
            for identifier, fields in entries
        ]

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()

    def _send(self, number: int, body: str) -> bool:
        try:
            self._client.xadd(
                self.key, {"event": body}, id=f"{number}-0", maxlen=_KEPT, approximate=True
            )
        except redis.ResponseError as error:
            if _NOT_NEWER not in str(error):
                raise
            return False  # another one sent it meanwhile
        return True


def _number(identifier: bytes) -> int:
    return int(identifier.partition(b"-")[0])
