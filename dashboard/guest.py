"""Who looks at the pages, as far as the door knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.types import Scope

from dashboard.missions import Among

_STATE: Final = "mission_guest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Guest:
    """Somebody who was let in."""

    among: Among = None  # the missions that they may see; None: all
    session: str = ""  # what their cookie is to hold; empty: they come in without one


#: Whoever has come in without being known sees nothing.
NOBODY: Final = Guest(among=frozenset())


def let_in(scope: Scope, guest: Guest) -> None:
    """Have the routes know who asks."""
    scope[_STATE] = guest


def guest_of(request: Request) -> Guest:
    """Who asks."""
    known = request.scope.get(_STATE)
    return known if isinstance(known, Guest) else NOBODY
