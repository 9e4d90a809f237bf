"""What goes wrong between a client of Prefect's server and the server."""

from __future__ import annotations

import httpx
from prefect.exceptions import PrefectException

from flows.settings import AUTH_STRING

# What Prefect's client raises about a server; a bare RuntimeError where it finds none.
SERVER_TROUBLE = (httpx.HTTPError, PrefectException, RuntimeError)


def remedy(error: BaseException) -> str:
    """What a person can do about such an error, where that is known; else nothing."""
    refused = isinstance(error, httpx.HTTPStatusError) and error.response.status_code in (
        httpx.codes.UNAUTHORIZED,
        httpx.codes.FORBIDDEN,
    )
    return f"Set {AUTH_STRING} to what that server asks for" if refused else ""
