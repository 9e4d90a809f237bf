"""Who listens holds nothing that others need, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest
from anyio import to_thread
from mcp.client.client import Client
from mcp.shared.exceptions import MCPError

import lookup.server
from lookup.server import make_server
from lookup.subscribing import Watching
from lookup.told import FakeMission, LookupFailedError, Mission
from lookup.tools import TOOLS, Tool


class Many:
    """Missions of a team: all but `secret`."""

    several = True
    tools: Sequence[Tool] = TOOLS

    def __init__(self) -> None:
        self.all: dict[str, FakeMission] = {}

    def mission(self, name: str, _request: object) -> Mission:
        """That one."""
        if name == "secret":
            raise LookupFailedError("There is no such mission")
        return self.all.setdefault(name, FakeMission("row: A"))

    def names(self, _request: object) -> list[str]:
        """None."""
        return []


def uris(number: int) -> list[str]:
    return [f"mission://status/{one}" for one in range(number)]


def test_who_listens_to_many_missions_holds_no_thread_of_the_others() -> None:
    missions = Many()

    async def listen() -> str:
        server = make_server(missions, str, keeps=False)
        async with Client(server) as client, client.listen(resource_subscriptions=uris(32)) as told:
            with anyio.fail_after(20):
                limiter = to_thread.current_default_thread_limiter()
                assert limiter.borrowed_tokens == 0
                missions.all["7"].revision = "2"
                return repr(await anext(aiter(told)))

    assert "mission://status/7" in anyio.run(listen)


def test_a_stream_is_refused_beyond_its_bound_and_nobody_looks_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    missions, watching = Many(), Watching()
    monkeypatch.setattr(lookup.server, "Watching", lambda: watching)

    async def listen() -> None:
        server = make_server(missions, str, keeps=False)
        async with Client(server) as client:
            for wanted in (uris(33), [*uris(5), "mission://status/secret"]):
                with pytest.raises(MCPError):
                    async with client.listen(resource_subscriptions=wanted):
                        pass
                assert watching.uris == frozenset()

    anyio.run(listen)
    assert len(missions.all) == 5
