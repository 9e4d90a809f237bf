"""The server with the SDK's own client, and missions that do what they like."""

from __future__ import annotations

import threading

import anyio
from mcp.client.client import Client

from lookup.server import OneMission, make_server
from lookup.told import FakeMission, Told


class Stuck(FakeMission):
    """Its answer is not made before somebody lets it be."""

    def __init__(self) -> None:
        super().__init__("row: A")
        self.begun, self.free = threading.Event(), threading.Event()

    def status(self) -> Told:
        """Not soon."""
        self.begun.set()
        self.free.wait(30)
        return super().status()


def test_who_goes_away_is_not_waited_for() -> None:
    mission = Stuck()

    async def ask_and_go() -> None:
        server = make_server(OneMission(lambda: mission), str, keeps=True)
        async with Client(server) as client, anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "mission_status", {})
            await anyio.to_thread.run_sync(mission.begun.wait, 30)
            tasks.cancel_scope.cancel()

    anyio.run(ask_and_go)
    assert mission.begun.is_set()
    assert mission.asked == []  # it is still at it
    mission.free.set()


def test_an_error_that_nobody_expects_is_told_without_its_words() -> None:
    class Broken(FakeMission):
        def status(self) -> Told:
            """Fails."""
            raise ValueError("planted words of an error")

    async def ask() -> str:
        server = make_server(OneMission(Broken), str, keeps=True)
        async with Client(server) as client:
            return repr(await client.call_tool("mission_status", {}))

    told = anyio.run(ask)
    assert "The server failed: ValueError" in told
    assert "planted words" not in told
