"""Who wants to know when a mission stands otherwise, and the looking that this takes.

Nobody looks while nobody is subscribed. Between two looks no thread is held: threads are few, and
whoever else serves in this process needs them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import anyio
from anyio.abc import TaskGroup
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated

from lookup.told import Mission

_LOOKING: Final = 2  # threads, for all that is watched


@dataclass(kw_only=True, slots=True)
class _Watched:
    """A resource that somebody is subscribed to."""

    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    begun: anyio.Event = field(default_factory=anyio.Event)  # what differs from now on is told
    listeners: int = 0  # through the bus
    sessions: Counter[ServerSession] = field(default_factory=Counter)


class Watching:
    """Tells changes: to sessions of the handshake's protocol, and through the bus to newer ones."""

    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        self._watched: dict[str, _Watched] = {}
        self._tasks: TaskGroup | None = None
        self._looking = anyio.CapacityLimiter(_LOOKING)

    @property
    def uris(self) -> frozenset[str]:
        """What is looked at."""
        return frozenset(self._watched)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """For as long as the server serves."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()

    async def add(self, uri: str, mission: Mission, session: ServerSession | None = None) -> None:
        """Tell a session, or without one the bus, from now on. Who is cancelled meanwhile is not
        told."""
        if self._tasks is None:
            raise RuntimeError("nobody serves")
        watched = self._watched.get(uri)
        if watched is None:
            watched = self._watched[uri] = _Watched()
            self._tasks.start_soon(self._watch, uri, mission, watched)
        if session is None:
            watched.listeners += 1
        else:
            watched.sessions[session] = 1
        try:
            await watched.begun.wait()
        except BaseException:
            self.remove(uri, session)
            raise

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
            watched.scope.cancel()

    async def _watch(self, uri: str, mission: Mission, watched: _Watched) -> None:
        with watched.scope:
            seen = await self._look(mission)
            watched.begun.set()
            while True:
                await anyio.sleep(mission.look_every)
                now = await self._look(mission)
                if now == seen:
                    continue
                seen = now
                for session in list(watched.sessions):
                    await session.send_resource_updated(uri)
                if watched.listeners:
                    await self.bus.publish(ResourceUpdated(uri=uri))

    async def _look(self, mission: Mission) -> str:
        return await anyio.to_thread.run_sync(
            mission.version, limiter=self._looking, abandon_on_cancel=True
        )
