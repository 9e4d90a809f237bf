"""What a forge answered: its status told apart, its body checked against a shape."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from errors import ForgeError
from forges.errors import (
    CredentialsError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
    UnreadableAnswerError,
)

Shape = TypeVar("Shape")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_MAX_WORDS = 200  # characters of the forge's own words


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A whole answer."""

    method: str
    path: str  # without the query
    host: str
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def read(self, shape: TypeAdapter[Shape]) -> Shape:
        """The body as `shape`.

        Raises:
            UnreadableAnswerError: It is not JSON, or has another shape.
        """
        try:
            return shape.validate_json(self.body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the answer"
            raise UnreadableAnswerError(
                f"{self.host} answered {self.method} {self.path} with something else than its API "
                f"describes: {where}: {first['msg']}"
            ) from error


def checked(answer: Answer, secrets: Sequence[str]) -> Answer:
    """The answer, if it says yes.

    Raises:
        ForgeError: It says no; which of them, says why.
    """
    if 200 <= answer.status < 300:
        return answer
    raise _error(answer, _words(answer, secrets))


def _error(answer: Answer, words: str) -> ForgeError:
    status = answer.status
    said = f"{answer.host} answered {answer.method} {answer.path} with {status}"
    said += f": {words}" if words else ""
    if _is_rate_limit(answer, words):
        return RateLimitedError(said, retry_after=_retry_after(answer))
    if status in (401, 403):
        hint = "Check the token, and what it may do" if status == 403 else "Check the token"
        return CredentialsError(said, status=status, words=words, hint=hint)
    if status == 404:
        return NotFoundError(
            said, status=status, words=words, hint="Or the token may not see it: forges hide both"
        )
    if 300 <= status < 400:
        hint = "Redirects are not followed; correct the remote's address"
        return RefusedError(said, status=status, words=words, hint=hint)
    if status >= 500 or status == 408:
        return UnreachableError(said)
    return RefusedError(said, status=status, words=words)


def _is_rate_limit(answer: Answer, words: str) -> bool:
    if answer.status == 429:
        return True
    # GitHub says 403 for both; 503 with Retry-After is a server that asks for patience.
    if answer.status == 403:
        spent = answer.headers.get("x-ratelimit-remaining") == "0"
        return spent or "retry-after" in answer.headers or "rate limit" in words.lower()
    return answer.status == 503 and "retry-after" in answer.headers


def _retry_after(answer: Answer) -> timedelta | None:
    """How long to wait, from the server's own clock where it counts in times of day."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return timedelta(seconds=min(int(said[:9]), 10**8))
    now = _time_of_day(answer.headers.get("date", "")) or datetime.now(UTC)
    until = _time_of_day(said)
    reset = answer.headers.get("x-ratelimit-reset") or answer.headers.get("ratelimit-reset", "")
    if until is None and reset.isascii() and reset.isdigit():
        until = datetime.fromtimestamp(min(int(reset[:12]), 10**11), UTC)
    return None if until is None else max(until - now, timedelta())


def _time_of_day(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _words(answer: Answer, secrets: Sequence[str]) -> str:
    """The forge's own words, as one short line that repeats no secret."""
    try:
        body = from_json(answer.body)  # bounded in depth, unlike the standard library's
    except ValueError:
        return ""
    said = body.get("message", body.get("error", "")) if isinstance(body, dict) else ""
    words = said if isinstance(said, str) else json.dumps(said)
    for secret in secrets:
        words = words.replace(secret, "***")
    return _CONTROL.sub(" ", words).strip()[:_MAX_WORDS]
