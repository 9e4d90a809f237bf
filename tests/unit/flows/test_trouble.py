"""What it means that Prefect's server did not do what it was asked."""

from __future__ import annotations

import httpx
import pytest

from errors import WorkersAwayError
from flows.trouble import unasked


@pytest.mark.parametrize(
    ("status", "away"),
    [(400, False), (401, False), (422, False), (408, True), (429, True), (503, True)],
)
def test_a_server_that_refuses_is_not_waited_for(status: int, away: bool) -> None:
    request = httpx.Request("POST", "http://127.0.0.1/api")
    answer = httpx.Response(status, request=request)
    error = unasked("ask", httpx.HTTPStatusError("no", request=request, response=answer))
    assert isinstance(error, WorkersAwayError) is away
    assert ("PREFECT_API_AUTH_STRING" in error.hint) is (status == 401)


def test_a_server_that_is_not_there_is_waited_for() -> None:
    assert isinstance(unasked("ask", httpx.ConnectError("refused")), WorkersAwayError)
