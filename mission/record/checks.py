"""What a field of the record may hold. Each check gives the value, or raises a `ValueError`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import TypeVar

_T = TypeVar("_T")
Check = Callable[[object], _T]

LONGEST_NAME = 1_000  # characters: of a task, an agent, a branch, a host, who asked
LONGEST_TEXT = 50_000  # characters: of a reason, a summary, a note
MOST = 10**12  # of tokens, as in the journal: sums must stay in 64 bits
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SESSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:@/-]{0,199}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


def text(value: object) -> str:
    """Free text of a person, a tool or the runner."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ValueError(f"a text of at most {LONGEST_TEXT} characters")
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def name(value: object) -> str:
    """A name: one line, and not empty."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NAME or _CONTROLS.search(value):
        raise ValueError(f"a name of one line, of at most {LONGEST_NAME} characters")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("a name in Unicode")
    return value


def word_or_empty(value: object) -> str:
    """A name, or nothing."""
    return "" if value == "" else name(value)


def commit(value: object) -> str:
    """The full id of a commit."""
    if not isinstance(value, str) or not _COMMIT.fullmatch(value):
        raise ValueError("the full id of a commit")
    return value


def moment(value: object) -> str:
    """A time, as the journal writes it."""
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        raise ValueError("a time")
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError("a time with its offset")
    try:
        return found.astimezone(UTC).isoformat(timespec="microseconds")
    except OverflowError as error:
        raise ValueError("a time") from error


def count(value: object) -> int:
    """A number of tokens."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST:
        raise ValueError(f"a whole number from 0 to {MOST}")
    return value


def number(value: object) -> int:
    """The number of an attempt, from 1."""
    if count(value) == 0:
        raise ValueError("a whole number from 1")
    return count(value)


def exit_code(value: object) -> int:
    """What a process ended with; a signal is negative."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MOST:
        raise ValueError("an exit code")
    return value


def money(value: object) -> float:
    """US dollars."""
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not fits or not isinstance(value, int | float):
        raise ValueError("an amount of money")
    if not math.isfinite(value) or not 0 <= value <= MOST:
        raise ValueError("an amount of money")
    return float(value)


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004  one kind of error for what does not fit
    return value


def session(value: object) -> str | None:
    """A tool's session. It becomes an argument of that tool: one of another shape is none."""
    return value if isinstance(value, str) and _SESSION.fullmatch(value) else None


def run_key(value: object) -> tuple[str, str]:
    """Host and start of a run."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("the host and the start of a run")
    return name(value[0]), moment(value[1])


def one_of(words: Collection[str]) -> Check[str]:
    """A word of a list."""

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return value

    return check


def optional(check: Check[_T]) -> Check[_T | None]:
    """Null, or what `check` takes."""
    return lambda value: None if value is None else check(value)


def json_object(value: object) -> Mapping[str, object]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise ValueError("a JSON object")  # noqa: TRY004  as above
    return value
