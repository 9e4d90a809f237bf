"""The server over HTTP: at a path of the gateway, or on a port of this machine for a run's agents.

Without sessions: each request stands for itself, so nothing is kept for who went away.
"""

from __future__ import annotations

import hmac
import socket
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tiers.gateway.connections import BACKLOG, BoundedListener
from tiers.gateway.entrance import host_name

PATH: Final = "/mcp"
_HOST: Final = "127.0.0.1"
_MOST_BYTES: Final = 256 * 1024  # of a request: an argument has at most 500 characters
_IDLE_SECONDS: Final = 3600  # a tool thinks between two requests, and asks on the same connection
_CLOSE_SECONDS: Final = 2


def manager_of(server: Server[Any]) -> StreamableHTTPSessionManager:
    """What answers requests, while its `run()` lasts."""
    return StreamableHTTPSessionManager(
        server, stateless=True, json_response=False, max_request_body_size=_MOST_BYTES
    )


class Answering:
    """The route's end. A class, since a function would be given a request and no way to stream."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._manager.handle_request(scope, receive, send)


class _Door:
    """ASGI middleware: refuses foreign names (421) and who has not the token (401)."""

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        self._app = app
        self._wanted = f"bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Request(scope).headers
        given, named = headers.getlist("authorization"), headers.getlist("host")
        refusal: JSONResponse | None = None
        if [host_name(name) for name in named] != [_HOST]:
            refusal = JSONResponse({"detail": "This server has another name"}, status_code=421)
        elif len(given) != 1 or not self._is_wanted(given[0]):
            refusal = JSONResponse({"detail": "A token is needed"}, status_code=401)
        await (refusal or self._app)(scope, receive, send)

    def _is_wanted(self, given: str) -> bool:
        kind, _, token = given.partition(" ")
        sent = f"{kind.lower()} {token}".encode("utf-8", "replace")
        return hmac.compare_digest(sent, self._wanted)


def serve_http(server: Server[Any], *, token: str, on_ready: Callable[[str], None]) -> None:
    """Answer on a free port of this machine, to who has the token, until a signal ends it.

    Args:
        on_ready: Told the address, once requests are accepted there.
    """
    manager = manager_of(server)
    app = Starlette(routes=[Route(PATH, Answering(manager))], lifespan=lambda _: manager.run())
    app.add_middleware(_Door, token=token)
    with BoundedListener(socket.AF_INET, (_HOST, 0)) as listener:
        on_ready(f"http://{_HOST}:{listener.getsockname()[1]}{PATH}")
        uvicorn.Server(
            uvicorn.Config(
                app,
                loop="asyncio",  # whose server calls `accept` of the socket that it is given
                http="h11",
                ws="none",
                backlog=BACKLOG,
                log_level="critical",
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_IDLE_SECONDS,
                timeout_graceful_shutdown=_CLOSE_SECONDS,
            )
        ).run(sockets=[listener])
