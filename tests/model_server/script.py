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


Step = Say | UseTool | Fail | Stall

#: What every answer is billed at, so that tests can count: tokens of input, cached, output.
INPUT, CACHED, OUTPUT = 100, 10, 20
