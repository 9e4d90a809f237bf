"""The tools and the resource behind the protocol's own SDK, for any transport.

It is imported when somebody serves, never by a command that does not: it takes a second.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any, Final, Protocol

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.subscriptions import ListenHandler
from mcp.shared.exceptions import MCPError

from errors import MissionError
from lookup.paging import Redact, answer, problem
from lookup.subscribing import Watching
from lookup.told import LookupFailedError, Mission
from lookup.tools import TOOLS, Tool
from lookup.unreadable import unreadable

#: What may be subscribed to.
STATUS: Final = "mission://status"
_STATUS_OF: Final = "mission://status/"  # ... of one of several, by its name behind it
_MOST_WATCHED: Final = 32  # resources, of one stream
_ANSWERING: Final = 6  # threads: others that serve in this process need theirs
_READ_ONLY: Final = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)

Context = ServerRequestContext[Any, Any]


class Missions(Protocol):
    """Which missions whoever asks may look up."""

    several: bool  # whether each has to be named
    tools: Sequence[Tool]  # what can be asked of them

    def mission(self, name: str, request: object) -> Mission:
        """The one of that name, for who sent this request.

        Raises:
            LookupFailedError: There is none of that name for them.
        """

    def names(self, request: object) -> list[str]:
        """The names of those that they may look up."""


class OneMission:
    """One, for whoever asks. It is opened when it is first asked for."""

    several = False
    tools: Sequence[Tool] = TOOLS

    def __init__(self, opened: Callable[[], Mission]) -> None:
        self._opened = opened
        self._mission: Mission | None = None

    def mission(self, _name: str, _request: object) -> Mission:
        """The one."""
        if self._mission is None:
            self._mission = self._opened()
        return self._mission

    def names(self, _request: object) -> list[str]:
        """It needs none."""
        return []


def make_server(missions: Missions, redact: Redact, *, keeps: bool) -> Server[Any]:
    """A server of these missions.

    Args:
        redact: Takes secrets out of a line.
        keeps: Whether the transport keeps a session, to which changes can be told.
    """
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # its lines would hold what others wrote
    watching = Watching()
    listen = ListenHandler(watching.bus, max_subscriptions=64)
    desk = _Desk(missions, redact, watching, listen)

    @asynccontextmanager
    async def lifespan(_: Server[Any]) -> AsyncIterator[None]:
        async with watching.open():
            yield

    return Server(
        "mission",
        version=version("mission-runner"),
        lifespan=lifespan,
        on_list_tools=desk.tools,
        on_call_tool=desk.call,
        on_list_resources=desk.resources,
        on_read_resource=desk.read,
        on_subscribe_resource=desk.subscribe if keeps else None,
        on_unsubscribe_resource=desk.unsubscribe if keeps else None,
        on_subscriptions_listen=desk.listen,
    )


class _Desk:
    """Takes requests, and answers them."""

    def __init__(
        self, missions: Missions, redact: Redact, watching: Watching, listen: ListenHandler
    ) -> None:
        self._missions = missions
        self._redact = redact
        self._watching = watching
        self._listen = listen
        self._answering = anyio.CapacityLimiter(_ANSWERING)

    async def tools(self, _: Context, __: object) -> types.ListToolsResult:
        several = self._missions.several
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=one.name,
                    description=one.description,
                    input_schema=one.schema(missions=several),
                    annotations=_READ_ONLY,
                )
                for one in self._missions.tools
            ]
        )

    async def call(
        self, context: Context, asked: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = next((one for one in self._missions.tools if one.name == asked.name), None)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, "There is no such tool")
        given = asked.arguments or {}
        told = partial(self._answer, tool, given, context.request)
        text, failed = await self._in_thread(told)
        content = types.TextContent(type="text", text=text)
        return types.CallToolResult(content=[content], is_error=failed)

    async def resources(self, context: Context, _: object) -> types.ListResourcesResult:
        if not self._missions.several:
            uris = [STATUS]
        else:
            names = await anyio.to_thread.run_sync(
                self._missions.names, context.request, limiter=self._answering
            )
            uris = [f"{_STATUS_OF}{name}" for name in names]
        return types.ListResourcesResult(
            resources=[
                types.Resource(name="mission_status", uri=uri, mime_type="text/plain")
                for uri in uris
            ]
        )

    async def read(
        self, context: Context, asked: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        uri = str(asked.uri)
        mission = await self._mission_of(uri, context.request)

        def first_page() -> str:
            return answer(mission.status(), None, self._redact)

        text, _ = await self._in_thread(first_page)
        return types.ReadResourceResult(
            contents=[types.TextResourceContents(uri=uri, mime_type="text/plain", text=text)]
        )

    async def subscribe(
        self, context: Context, asked: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        uri = str(asked.uri)
        await self._watching.add(uri, await self._mission_of(uri, context.request), context.session)
        return types.EmptyResult()

    async def unsubscribe(
        self, context: Context, asked: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        self._watching.remove(str(asked.uri), context.session)
        return types.EmptyResult()

    async def listen(
        self, context: Context, asked: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        uris = [str(uri) for uri in asked.notifications.resource_subscriptions or ()]
        if len(uris) > _MOST_WATCHED:
            raise MCPError(types.INVALID_PARAMS, f"One stream tells of {_MOST_WATCHED} at most")
        added: list[str] = []
        try:
            for uri in dict.fromkeys(uris):
                # Who may not look a mission up is not told when it changes either.
                mission = await self._mission_of(uri, context.request)
                await self._watching.add(uri, mission)
                added.append(uri)
            return await self._listen(context, asked)
        finally:
            for uri in added:
                self._watching.remove(uri)

    async def _mission_of(self, uri: str, request: object) -> Mission:
        name = uri.removeprefix(_STATUS_OF) if self._missions.several else ""
        if uri != (f"{_STATUS_OF}{name}" if self._missions.several else STATUS):
            raise MCPError(types.INVALID_PARAMS, "There is no such resource")
        try:
            return await anyio.to_thread.run_sync(
                self._missions.mission, name, request, limiter=self._answering
            )
        except LookupFailedError as error:
            raise MCPError(types.INVALID_PARAMS, error.message) from None
        except MissionError as error:
            raise MCPError(types.INTERNAL_ERROR, unreadable(error)) from None

    def _answer(self, tool: Tool, given: dict[str, Any], request: object) -> str:
        arguments = tool.checked(given, missions=self._missions.several)
        mission = self._missions.mission(arguments.get("mission", ""), request)
        told = tool.asks(mission, arguments.get(tool.takes, "") if tool.takes else "")
        return answer(told, arguments.get("cursor"), self._redact)

    async def _in_thread(self, told: Callable[[], str]) -> tuple[str, bool]:
        """What is answered, and whether it is an error. A client that goes away does not wait for a
        thread that is still at it, and so the server ends with its client."""
        return await anyio.to_thread.run_sync(
            partial(self._said, told), limiter=self._answering, abandon_on_cancel=True
        )

    def _said(self, told: Callable[[], str]) -> tuple[str, bool]:
        """What is answered, and whether it is an error."""
        try:
            return told(), False
        except LookupFailedError as error:
            return problem(error.message, self._redact, error.quoted), True
        except MissionError as error:
            return unreadable(error), True
        except Exception as error:  # noqa: BLE001 - the boundary: the SDK would send its words
            return f"The server failed: {type(error).__name__}", True
