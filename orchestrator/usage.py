"""What agents used, as the journal keeps it with an attempt."""

from __future__ import annotations

from typing import Any

from agents.protocol import Usage
from mission.journal import Attempt


def columns(usage: Usage) -> dict[str, Any]:
    """Usage by the names of the journal's columns."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "cost_usd": usage.cost_usd,
    }


def usage_of(attempt: Attempt) -> Usage:
    """What the journal has of an attempt, its reviews included."""
    return Usage(
        input_tokens=attempt.input_tokens,
        output_tokens=attempt.output_tokens,
        cached_tokens=attempt.cached_tokens,
        cost_usd=attempt.cost_usd,
    )
