"""Who is let in: whoever opened the printed address, from a page of ours, by a name of ours.

Any user of this machine can reach a port on loopback, and any page of the web can have its reader's
browser ask there. So every request needs the token: in the address once, then as a cookie that the
browser sends from our own pages alone; programs send it as `Authorization: Bearer`. Readers of
feeds can do neither: they get the feed for the token in the address.

A browser sends a cookie to every port of a name (RFC 6265, 8.5), and other users can listen on one.
So ours is for a path that nobody else knows, and all pages are below that.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from markupsafe import escape
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.guest import Guest, let_in
from tiers.gateway.entrance import host_name

#: How the addresses end that programs subscribe to.
SUBSCRIBED: Final = "/feed.atom"
_MOST_COOKIES: Final = 20  # of our name that are looked at
_READING: Final = frozenset({"GET", "HEAD"})
_OURS: Final = frozenset({"same-origin", "none"})  # `Sec-Fetch-Site` of what our pages ask for
#: What every answer says. Without a word of where it came from, a form's `Origin` would be null.
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_OPENED = """\
<!doctype html><html lang="en"><meta charset="utf-8"><title>Mission dashboard</title>{1}
<meta http-equiv="refresh" content="0; url={0}"><p><a href="{0}">Go on</a></p></html>
"""


@dataclass(frozen=True, kw_only=True)
class Door:
    """To whom a dashboard answers: whoever has its token, which is good for as long as it lives.

    Of others only those answers differ that say who somebody is.
    """

    hosts: frozenset[str]  # names in `Host`, in small letters, IPv6 addresses without brackets
    port: int
    secure: bool = False  # it speaks TLS
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def cookie(self) -> str:
        """Its cookie's name: cookies are shared by all ports of a name."""
        return f"mission-dashboard-{self.port}"

    @property
    def path(self) -> str:
        """Below it is all that a browser asks for, and there alone the cookie counts."""
        return f"/{self.derived('path')[:32]}"

    @property
    def how(self) -> str:
        """How one comes in."""
        return "Open the address that `mission dashboard` printed: it holds the token"

    @property
    def session(self) -> str:
        """What the cookie holds of whoever has its token, which does not follow from it."""
        return self.derived("session")

    def with_token(self, token: str) -> Guest | None:
        """Whose token that is."""
        return Guest(session=self.session) if _equal(token, self.token) else None

    def with_session(self, session: str) -> Guest | None:
        """Whose cookie holds that."""
        return Guest(session=self.session) if _equal(session, self.session) else None

    def without_either(self, scope: Scope) -> Guest | None:
        """Who comes in by the connection alone: nobody."""
        return None

    @property
    def ticket(self) -> str:
        """What a form of our pages sends along."""
        return self.derived("ticket")

    def has_ticket(self, given: str) -> bool:
        """Whether a form of our pages sent it."""
        return _equal(given, self.ticket)

    def derived(self, what: str) -> str:
        """A secret of this door's own for something, from which no other one follows."""
        return hmac.new(self.token.encode(), what.encode(), hashlib.sha256).hexdigest()


class Entrance:
    """ASGI middleware: refuses foreign names (421), pages (403), and who has no token (401)."""

    def __init__(self, app: ASGIApp, *, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._admit(Request(scope), scope)
        if self._is_below(scope["path"]):
            scope["root_path"] = self._door.path
        await (refusal or self._app)(scope, receive, send_guarded)

    def _is_below(self, path: str) -> bool:
        own = f"{self._door.path}/"
        return _equal(path[: len(own)], own)

    def _admit(self, request: Request, scope: Scope) -> Response | None:
        door, headers = self._door, request.headers
        named = headers.getlist("host")
        if len(named) != 1 or host_name(named[0]) not in door.hosts:
            return PlainTextResponse("This dashboard has another name\n", status_code=421)
        if request.method in _READING and "token" in request.query_params:
            guest = door.with_token(request.query_params["token"])
            if guest is None:
                return self._refused()
            let_in(scope, guest)
            # Readers of feeds know the token and keep no cookie.
            return None if request.url.path.endswith(SUBSCRIBED) else self._open(request, guest)
        bearer = _bearer(headers.getlist("authorization"))
        guest = None if bearer is None else door.with_token(bearer)
        if guest is None:  # else it is no browser: none sends that by itself
            guest = self._by_cookie(request) or door.without_either(scope)
            if guest is None:
                return self._closed(request)
            if not self._is_from_our_page(request, named[0]):
                return PlainTextResponse("Not from another page\n", status_code=403)
        let_in(scope, guest)
        return None

    def _by_cookie(self, request: Request) -> Guest | None:
        """Whose session is among the cookies, which count below our path. A server on another port
        may have left some of that name."""
        below = self._is_below(request.scope["path"])
        given = request.headers.getlist("cookie") if below else []
        pairs = [pair.partition("=") for header in given for pair in header.split(";")]
        held = [value.strip() for name, _, value in pairs if name.strip() == self._door.cookie]
        return next(filter(None, map(self._door.with_session, held[:_MOST_COOKIES])), None)

    def _is_from_our_page(self, request: Request, host: str) -> bool:
        """Whether it is a page of ours that asks, or a person who goes to one."""
        headers = request.headers
        if headers.get("sec-fetch-site", "none") not in _OURS:
            return request.method in _READING and headers.get("sec-fetch-mode") == "navigate"
        scheme = "https" if self._door.secure else "http"
        return request.method in _READING or headers.getlist("origin") == [f"{scheme}://{host}"]

    def _open(self, request: Request, guest: Guest) -> Response:
        """Take the token out of the address and into the cookie.

        It is a page, no redirection: a strict cookie does not go along where the way began on
        somebody else's page.
        """
        door = self._door
        rest = [(name, value) for name, value in parse_qsl(request.url.query) if name != "token"]
        path = request.url.path
        whole = path if self._is_below(path) else door.path + path
        answer = _onward(whole, urlencode(rest), icon=f"{door.path}/static/icon.svg")
        answer.set_cookie(
            door.cookie,
            guest.session,
            path=f"{door.path}/",
            httponly=True,
            samesite="strict",
            secure=door.secure,
        )
        return answer

    def _closed(self, request: Request) -> Response:
        """For who has no cookie, or whose browser keeps it: it does so where somebody else's page
        led here. Asked for by a page of ours, it comes along."""
        headers = request.headers
        led = headers.get("sec-fetch-site") == "cross-site"
        if led and request.method == "GET" and headers.get("sec-fetch-mode") == "navigate":
            return _onward(request.url.path, request.url.query, status=401)
        return self._refused()

    def _refused(self) -> Response:
        told, headers = f"{self._door.how}\n", {"WWW-Authenticate": "Bearer"}
        return PlainTextResponse(told, status_code=401, headers=headers)


def _onward(path: str, query: str, status: int = 200, icon: str = "") -> HTMLResponse:
    """A page that leads to an address of ours; one of two slashes would lead to another machine."""
    address = quote("/" + path.lstrip("/\\")) + (f"?{query}" if query else "")
    shown = f'\n<link rel="icon" href="{escape(icon)}">' if icon else ""
    return HTMLResponse(_OPENED.format(escape(address), shown), status_code=status)


def _bearer(given: list[str]) -> str | None:
    """The token that a program sends; None where it sends none."""
    kind, _, value = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return value.strip() if kind.lower() == "bearer" else None


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
