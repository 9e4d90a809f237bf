"""What every request passes before a route sees it: the name it came by, and who asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tiers.gateway.neighbours import is_own
from tiers.gateway.tokens import Reader, Tokens

# What anybody may read: that the process is alive, and what the routes are. All else is closed.
_OPEN = frozenset({"/healthz", "/docs", "/openapi.json"})
_STATE = "mission_reader"


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """To whom a gateway answers."""

    hosts: frozenset[str]  # names in `Host`, in small letters, IPv6 addresses without brackets
    tokens: Tokens | None = None  # one of these is asked for; None: nobody needs one
    own_user: bool = False  # whether, without tokens, it answers to the user alone that it runs as
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


class Entrance:
    """ASGI middleware: refuses foreign names (421), and other users or whoever has no good token
    (401).

    A page of the web can give its own name this machine's address; its reader's browser would then
    ask us with that name as `Host`, and hand our answer to the page.
    """

    def __init__(self, app: ASGIApp, *, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it in with its reader."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._admit(Request(scope), scope)
        await (refusal or self._app)(scope, receive, send)

    def _admit(self, request: Request, scope: Scope) -> JSONResponse | None:
        named = request.headers.getlist("host")
        if len(named) != 1 or host_name(named[0]) not in self._door.hosts:
            return JSONResponse({"detail": "This gateway has another name"}, status_code=421)
        if self._door.tokens is None:
            if not self._door.own_user or is_own_user(scope):
                scope[_STATE] = Reader()
                return None
            return self._closed(request, "Other users of this machine need a token")
        given = request.headers.getlist("authorization")
        kind, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if kind.lower() == "bearer":
            scope[_STATE] = self._door.tokens.reader(token.strip(), self._door.clock())
        if scope.get(_STATE) is not None:
            return None
        return self._closed(request, "A token is needed, as `Authorization: Bearer TOKEN`")

    def _closed(self, request: Request, why: str) -> JSONResponse | None:
        if request.url.path in _OPEN:
            return None
        headers = {"WWW-Authenticate": "Bearer"}
        return JSONResponse({"detail": why}, status_code=401, headers=headers)


def is_own_user(scope: Scope) -> bool:
    """Whether the user asks that we run as, from this machine."""
    client, server = scope.get("client"), scope.get("server")
    if client is None or server is None:
        return False
    return is_own((str(client[0]), int(client[1])), (str(server[0]), int(server[1])))


def reader_of(request: Request) -> Reader:
    """Who asks; whoever has come in without being known reads nothing."""
    known = request.scope.get(_STATE)
    return known if isinstance(known, Reader) else Reader(missions=())


def host_name(header: str) -> str:
    """The name in a `Host` header: without port, brackets and last dot, in small letters."""
    text = header.strip().lower()
    if text.startswith("["):
        name, _, after = text[1:].partition("]")
        return name if not after or after.startswith(":") else ""
    name, colon, port = text.rpartition(":")
    return (name if colon and port.isdecimal() else text).removesuffix(".")
