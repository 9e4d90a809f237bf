"""Who wants to know when a mission stands otherwise, and the looking that this takes.

Nobody looks while nobody is subscribed.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated

from lookup.told import Mission


@dataclass(kw_only=True, slots=True)
class _Watched:
    """A resource that somebody is subscribed to."""

    scope: anyio.CancelScope
    over: threading.Event
    listeners: int = 0  # through the bus
    sessions: Counter[ServerSession] = field(default_factory=Counter)


class Watching:
    """Tells changes: to sessions of the handshake's protocol, and through the bus to newer ones."""

    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        self._watched: dict[str, _Watched] = {}
        self._tasks: TaskGroup | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """For as long as the server serves."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            try:
                yield
            finally:
                for one in self._watched.values():
                    one.over.set()
                tasks.cancel_scope.cancel()

    async def add(self, uri: str, mission: Mission, session: ServerSession | None = None) -> None:
        """Tell a session, or without one the bus, from now on."""
        watched = self._watched.get(uri)
        if watched is None:
            watched = _Watched(scope=anyio.CancelScope(), over=threading.Event())
            self._watched[uri] = watched
            seen = await anyio.to_thread.run_sync(mission.after, None, watched.over.wait)
            if self._tasks is None:
                raise RuntimeError("nobody serves")
            self._tasks.start_soon(self._watch, uri, mission, watched, seen)
        if session is None:
            watched.listeners += 1
        else:
            watched.sessions[session] = 1

    def remove(self, uri: str, session: ServerSession | None = None) -> None:
        """Tell it no more. Nobody looks once nobody is told."""
        watched = self._watched.get(uri)
        if watched is None:
            return
        if session is None:
            watched.listeners -= 1
        else:
            watched.sessions.pop(session, None)
        if not watched.listeners and not watched.sessions:
            del self._watched[uri]
            watched.over.set()
            watched.scope.cancel()

    async def _watch(self, uri: str, mission: Mission, watched: _Watched, seen: str | None) -> None:
        with watched.scope:
            while True:
                seen = await anyio.to_thread.run_sync(
                    mission.after, seen, watched.over.wait, abandon_on_cancel=True
                )
                if seen is None:
                    return
                for session in list(watched.sessions):
                    await session.send_resource_updated(uri)
                if watched.listeners:
                    await self.bus.publish(ResourceUpdated(uri=uri))
