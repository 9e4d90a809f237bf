"""What a `command` agent says about itself: a JSON object on the last line of its output.

    {"outcome": "success", "summary": "Added the schema", "input_tokens": 1200,
     "cached_tokens": 800, "output_tokens": 300, "cost_usd": 0.02, "session": "abc",
     "retry_at": "2026-04-19T12:00:00Z"}

Every key is optional. `outcome` is one of `agents.protocol.Outcome`, or `failed`. `answer` is what
the agent was asked for, a review for example, as text or as JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from agents.stream import money, number
from mission.outcome import Outcome
from mission.usage import Usage

_MILLISECONDS = 10**11  # as seconds, a number above it is in the year 5138
_WORDS = {"failed": Outcome.CRASHED, **{str(outcome): outcome for outcome in Outcome}}


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultLine:
    """The agent's own word, still to be judged against its exit code and its worktree."""

    outcome: Outcome | None = None  # None: it did not say
    summary: str = ""
    answer: str = ""  # empty: all that it printed is its answer
    usage: Usage = field(default_factory=Usage)
    session: str | None = None
    retry_at: datetime | None = None  # aware, UTC where the text names no zone


def read_result_line(line: str) -> ResultLine | None:
    """What `line` says, or None if it is no JSON object with an `outcome` or a `summary`.

    Values of a wrong type are left out: a damaged report never fails an attempt by itself.
    """
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not ({"outcome", "summary"} & found.keys()):
        return None
    word = found.get("outcome")
    return ResultLine(
        outcome=_WORDS.get(word) if isinstance(word, str) else None,
        summary=_text(found.get("summary")),
        answer=_as_text(found.get("answer")),
        usage=Usage(
            input_tokens=number(found, "input_tokens"),
            cached_tokens=number(found, "cached_tokens"),
            output_tokens=number(found, "output_tokens"),
            cost_usd=money(found.get("cost_usd")),
        ),
        session=_text(found.get("session")) or None,
        retry_at=read_time(found.get("retry_at")),
    )


def read_time(value: object) -> datetime | None:
    """An ISO 8601 text or (milli)seconds since 1970 as a time in UTC; None for anything else."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value / 1000 if value > _MILLISECONDS else value
            return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)
