"""What goes wrong between a client of Prefect's server and the server."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
from prefect.exceptions import PrefectException

from flows.settings import AUTH_STRING

# What Prefect's client raises about a server; a bare RuntimeError where it finds none.
SERVER_TROUBLE = (httpx.HTTPError, PrefectException, RuntimeError)


def gaps(troubles: Sequence[str]) -> str:
    """One line for people about what Prefect's record of a run lacks: a server that is away is the
    cause of many troubles."""
    first, *others = troubles
    more = f" (and {len(others)} more like it)" if others else ""
    return f"Prefect's record of this run has gaps: {first}{more}"


def remedy(error: BaseException) -> str:
    """What a person can do about such an error, where that is known; else nothing."""
    refused = isinstance(error, httpx.HTTPStatusError) and error.response.status_code in (
        httpx.codes.UNAUTHORIZED,
        httpx.codes.FORBIDDEN,
    )
    return f"Set {AUTH_STRING} to what that server asks for" if refused else ""
