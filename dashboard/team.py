"""The pages of a team's missions, in the gateway: read-only, for whoever has one of its tokens."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.app import make_app
from dashboard.door import Door
from dashboard.guest import Guest
from dashboard.rendering import Renderer
from dashboard.revisions import Revisions
from dashboard.site import Site
from dashboard.stored import TeamMissions
from tiers.gateway.entrance import Door as GatewayDoor
from tiers.gateway.entrance import is_own_user
from tiers.gateway.records import Records
from tiers.gateway.tokens import Token

#: What the gateway answers itself; all else are pages.
_ITS_OWN: Final = frozenset({"/healthz", "/readyz", "/docs", "/openapi.json", "/mcp"})
_BELOW: Final = ("/api/", "/mcp/")


@dataclass(frozen=True, kw_only=True)
class TeamDoor(Door):
    """Lets in whom the gateway lets in, to the missions that their token is for.

    A cookie is good for as long as this process lives, and its token.
    """

    gateway: GatewayDoor = field(repr=False)

    @property
    def how(self) -> str:
        if self.gateway.tokens is None:
            return "Other users of this machine need a token"
        return "Open this gateway's address with /?token=TOKEN, once"

    def with_token(self, token: str) -> Guest | None:
        tokens = self.gateway.tokens
        known = None if tokens is None else tokens.token(token, self.gateway.clock())
        return None if known is None else self._guest(known)

    def with_session(self, session: str) -> Guest | None:
        tokens = self.gateway.tokens
        name = session.partition(".")[0]
        known = None if tokens is None else tokens.named(name, self.gateway.clock())
        guest = None if known is None else self._guest(known)
        same = guest is not None and hmac.compare_digest(
            session.encode("utf-8", "replace"), guest.session.encode()
        )
        return guest if same else None

    def without_either(self, scope: Scope) -> Guest | None:
        if self.gateway.tokens is not None:
            return None
        return Guest() if not self.gateway.own_user or is_own_user(scope) else None

    def _guest(self, token: Token) -> Guest:
        """Another token of the same name opens nothing with an old one's cookie."""
        among = None if token.missions is None else frozenset(token.missions)
        proof = self.derived(f"session of {token.name} {token.digest}")
        return Guest(among=among, session=f"{token.name}.{proof}")


@dataclass(frozen=True, kw_only=True, slots=True)
class WithPages:
    """An ASGI application: the gateway, and the pages at all addresses that it does not have."""

    gateway: ASGIApp
    pages: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; the process's start and end are the gateway's."""
        path = str(scope.get("path", ""))
        its_own = scope["type"] != "http" or path in _ITS_OWN or path.startswith(_BELOW)
        await (self.gateway if its_own else self.pages)(scope, receive, send)


def with_pages(
    gateway: ASGIApp,
    records: Records,
    door: GatewayDoor,
    *,
    port: int,
    secure: bool,
    is_over: Callable[[], bool],
) -> WithPages:
    """The gateway with the pages of its storage.

    Args:
        gateway: Its API.
        records: What pages are made of.
        door: To whom it answers.
        port: Where it listens.
        secure: Whether browsers speak TLS with it, or with a proxy in front of it.
        is_over: Whether streams are to end.
    """
    own = TeamDoor(hosts=door.hosts, port=port, secure=secure, gateway=door)
    missions = TeamMissions(records)
    revisions = Revisions(missions)
    revisions.is_over = is_over
    renderer = Renderer()
    renderer.prepare()
    site = Site(missions, revisions, renderer=renderer)
    return WithPages(gateway=gateway, pages=make_app(site, revisions, own))
