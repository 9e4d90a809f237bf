"""What goes wrong between a client of Prefect's server and the server."""

from __future__ import annotations

import httpx
from prefect.exceptions import PrefectException

from errors import AgentError, WorkersAwayError
from flows.settings import AUTH_STRING

# What Prefect's client raises about a server; a bare RuntimeError where it finds none.
SERVER_TROUBLE = (httpx.HTTPError, PrefectException, RuntimeError)
# Answers of 400 to 499 that say nothing of what was asked: asked later, there may be another.
_MAY_PASS = frozenset({httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS})


def remedy(error: BaseException) -> str:
    """What a person can do about such an error, where that is known; else nothing."""
    refused = isinstance(error, httpx.HTTPStatusError) and error.response.status_code in (
        httpx.codes.UNAUTHORIZED,
        httpx.codes.FORBIDDEN,
    )
    return f"Set {AUTH_STRING} to what that server asks for" if refused else ""


def unasked(what: str, error: Exception) -> AgentError:
    """What it means for a row that the server did not do what it was asked: that it is away, and
    may be asked again, or that it refuses, and would again."""
    kind = AgentError if _refuses(error) else WorkersAwayError
    return kind(
        f"could not {what} through Prefect: {error}",
        hint=remedy(error) or "`mission server status` asks it",
    )


def heed_refusal(what: str, error: Exception) -> None:
    """Pass over a server that is away, for those who go on asking.

    Raises:
        AgentError: It answered, and would answer the same again.
    """
    if _refuses(error):
        raise unasked(what, error) from error


def _refuses(error: Exception) -> bool:
    if not isinstance(error, httpx.HTTPStatusError):
        return False
    status = error.response.status_code
    return httpx.codes.is_client_error(status) and status not in _MAY_PASS
