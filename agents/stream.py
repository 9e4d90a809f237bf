"""What a tool's stream of events has told so far, in our own words."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from agents.fence import one_line
from agents.protocol import AgentEvent
from mission.outcome import Outcome
from mission.usage import Usage

# A tool may claim any number; sums and products of them must stay numbers.
_MOST_TOKENS = 10**12
_MOST_USD = 1e9


@dataclass(slots=True)
class Told:
    """The tool's own word, gathered while it runs. Judged only when the process has ended."""

    session: str | None = None  # with which the tool can go on later
    said: str = ""  # its last message
    usage: Usage = field(default_factory=Usage)  # this attempt's alone
    ended: bool = False  # its last event has come: what it does from here on is not for us
    finished: bool = False  # the tool said that its work is done and nothing went wrong
    failure: Outcome | None = None  # what went wrong, as the tool tells it
    reason: str = ""  # in its exact words
    denials: tuple[str, ...] = ()  # what it was not allowed to use, or to do
    retry_at: datetime | None = None  # when a limit ends
    unreadable: int = 0  # lines that are no events

    def use(self, usage: Usage) -> None:
        """Take in what the attempt has used by now. A later event that says less takes nothing
        back."""
        now, before = usage, self.usage
        if now.input_tokens + now.output_tokens >= before.input_tokens + before.output_tokens:
            self.usage = usage


class Reader(Protocol):
    """Reads one tool's dialect."""

    told: Told

    def read(self, line: str) -> tuple[AgentEvent, ...]:
        """Take one line of standard output in. Never raises: what it cannot read, it counts."""


def local_now() -> datetime:
    """The time in the machine's zone: in it the tools name the times of day when limits end."""
    return datetime.now().astimezone()


def as_object(line: str) -> dict[str, Any] | None:
    """The JSON object that a line holds, if it holds one."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def part(event: object, *path: str) -> dict[str, Any]:
    """The object at `path` inside `event`; an empty one where there is none."""
    for key in path:
        event = event.get(key) if isinstance(event, dict) else None
    return event if isinstance(event, dict) else {}


def parts(event: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects in the list at `key`; what else it holds is left out."""
    found = event.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text(event: dict[str, Any], key: str) -> str:
    """The text at `key`, or an empty one."""
    found = event.get(key)
    return found if isinstance(found, str) else ""


def number(event: dict[str, Any], key: str) -> int:
    """The whole number at `key`, such as of tokens: bounded, and 0 where there is none."""
    found = event.get(key)
    if not isinstance(found, int) or isinstance(found, bool):
        return 0
    return min(max(found, 0), _MOST_TOKENS)


def money(value: object) -> float | None:
    """An amount in US dollars; None for what can be none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value <= _MOST_USD else None  # NaN is neither


def event(kind: str, said: str) -> AgentEvent:
    """An event for the display, on one line."""
    return AgentEvent(kind=kind, text=one_line(said))
