"""What the scripted model does, one step for each request of the agent's main loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Say:
    """Answer with text; the turn is over."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UseTool:
    """Call one of the agent's tools."""

    name: str
    arguments: Mapping[str, Any]
    namespace: str = ""  # of the tool, in the dialect that has such


@dataclass(frozen=True, kw_only=True, slots=True)
class Fail:
    """Refuse the request with an HTTP status."""

    status: int
    kind: str  # the provider's name of the error
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)  # more keys of the error object


@dataclass(frozen=True, kw_only=True, slots=True)
class Stall:
    """Begin to answer, then say nothing more until the server closes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Break:
    """Begin to answer, then close the connection."""


Step = Say | UseTool | Fail | Stall | Break


@dataclass(frozen=True, kw_only=True, slots=True)
class Bill:
    """What an answer is billed at: tokens."""

    fresh: int = 90  # input that the cache has no part in
    cached: int = 10  # read from the cache
    written: int = 0  # written to it for some minutes
    written_hour: int = 0  # ... for an hour
    output: int = 20

    @property
    def input(self) -> int:
        """All of it."""
        return self.fresh + self.cached + self.written + self.written_hour


#: What every answer is billed at unless a test says otherwise, so that tests can count.
BILL = Bill()
