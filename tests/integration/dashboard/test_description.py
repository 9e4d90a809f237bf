"""What the dashboard says of its answers in OpenAPI is so, whatever is asked."""

from __future__ import annotations

from typing import Any

import httpx

from mission.place import Place
from tests.described import ask_all
from tests.integration.dashboard.conftest import Serve, key_of


def test_every_answer_is_as_it_is_described(shown: Place, serve: Serve) -> None:
    dashboard = serve(shown, decides=True)
    with dashboard.client() as client:
        key = key_of(client)

    def point(path: dict[str, Any]) -> None:
        path.update(
            (name, known) for name, known in (("key", key), ("page", "row")) if name in path
        )

    headers = {"Authorization": f"Bearer {dashboard.door.token}", "Origin": dashboard.origin}
    # The stream of events goes on for most of a minute.
    asked = ask_all(dashboard.origin, point, headers=headers, without="/events")
    assert {"GET /{key}/{page}/{task}", "POST /{key}/row/{task}"} <= asked
    assert len(asked) == 7


def test_the_stream_is_described(client: httpx.Client) -> None:
    told = client.get("/openapi.json").json()["paths"]["/events"]["get"]["responses"]["200"]
    with client.stream("GET", "/events") as answer:
        assert answer.headers["content-type"].partition(";")[0] in told["content"]
