"""Reading JSON that somebody else wrote: each part is of its kind and bounded, or it is refused.

By hand, and not by pydantic, since `mission status` reads such files and has no time to load it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

_T = TypeVar("_T")
_YEARS = range(1980, 3000)  # which every clock can show, in every zone


class ForeignError(ValueError):
    """It is not what it should be."""


def parsed(raw: bytes) -> object:
    """What JSON says.

    Raises:
        ForeignError: It is none.
    """
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ForeignError("no JSON") from error


def mapping(value: object) -> Mapping[str, object]:
    """A JSON object.

    Raises:
        ForeignError: It is none.
    """
    if not isinstance(value, dict):
        raise ForeignError("no object")
    return value


def text(value: object, most: int = 300) -> str:
    """A text of so many characters at most.

    Raises:
        ForeignError: It is none, is longer, or holds what no file can.
    """
    if not isinstance(value, str) or len(value) > most:
        raise ForeignError("no text, or too long")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ForeignError("half a character") from error
    return value


def number(value: object) -> int:
    """A whole number, of nine digits at most.

    Raises:
        ForeignError: It is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**9:
        raise ForeignError("no number")
    return value


def moment(value: object) -> datetime:
    """A time with its zone (ISO 8601).

    Raises:
        ForeignError: It is none that a clock can show.
    """
    try:
        found = datetime.fromisoformat(text(value, 40))
    except ValueError as error:
        raise ForeignError("no time") from error
    if found.tzinfo is None or found.year not in _YEARS:
        raise ForeignError("no time of this age, or of no zone")
    return found


def maybe(read: Callable[[object], _T], value: object) -> _T | None:
    """The same, where there is something.

    Raises:
        ForeignError: As `read`.
    """
    return None if value is None else read(value)


def several(read: Callable[[object], _T], value: object, most: int) -> tuple[_T, ...]:
    """A list of so many at most.

    Raises:
        ForeignError: It is none, or longer; or as `read`.
    """
    if not isinstance(value, list) or len(value) > most:
        raise ForeignError("no list, or too long")
    return tuple(map(read, value))
