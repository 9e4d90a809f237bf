"""Durations (`45m`) and token counts (`4K`) as people write them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from tasks_md.words import read_tokens

DURATION_PATTERN = r"^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+(\.[0-9]+)?s)?$"
TOKENS_PATTERN = r"^[0-9]+(\.[0-9]+)?[kKmM]?$"
_DURATION = re.compile(
    r"(?:(?P<days>\d{1,6})d)?(?:(?P<hours>\d{1,6})h)?(?:(?P<minutes>\d{1,6})m)?"
    r"(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)s)?",
    re.ASCII,
)


def parse_duration(text: str) -> timedelta:
    """`45m`, `1h30m`, `10s`, `0.5s`, `2d`: days, hours, minutes, seconds, in this order.

    Raises:
        ValueError: The text is none of these. A bare number is refused: its unit is a guess.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        raise ValueError(f"{text!r} is not a duration such as 10s, 45m or 1h30m")
    return timedelta(**{unit: float(number) for unit, number in found.groupdict("0").items()})


def format_duration(duration: timedelta) -> str:
    """The shortest text that `parse_duration` reads back: `1h30m`, `0.5s`, `0s`."""
    minutes, seconds = divmod(duration.total_seconds(), 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else ""]
    if seconds or not any(parts):
        parts.append(f"{round(seconds, 6):.6f}".rstrip("0").rstrip(".") + "s")
    return "".join(parts)


def parse_tokens(text: str) -> int:
    """`4K`, `1.5M`, `800`: a number of tokens, read as the task file's estimates are.

    Raises:
        ValueError: The text is none of these.
    """
    return read_tokens(text)


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except ValueError as error:
            raise PydanticCustomError("duration", "{reason}", {"reason": str(error)}) from error
    raise PydanticCustomError("duration", "a duration needs a unit: 10s, 45m, 1h30m")


def _tokens(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return parse_tokens(value)
    except ValueError as error:
        raise PydanticCustomError("tokens", "{reason}", {"reason": str(error)}) from error


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": DURATION_PATTERN,
            "minLength": 2,
            "title": "a duration such as 10s, 45m or 1h30m",
        }
    ),
]
"""A `timedelta`, written `45m`."""

Tokens = Annotated[
    int,
    BeforeValidator(_tokens),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": TOKENS_PATTERN},
            ],
            "title": "a number of tokens such as 4K, 1.5M or 800",
        }
    ),
]
"""A whole number of tokens, written `4K`."""
