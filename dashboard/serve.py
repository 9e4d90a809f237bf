"""Serving the pages: on loopback, and beyond it with TLS alone."""

from __future__ import annotations

import errno
import ipaddress
import logging
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import uvicorn

from dashboard.app import make_app
from dashboard.deciding import Decisions
from dashboard.door import Door
from dashboard.missions import Missions
from dashboard.rendering import Renderer
from dashboard.revisions import Revisions
from dashboard.site import Site
from errors import TierError, UsageError
from mission.place import Place
from service.foreseen import Forecasts
from tiers.gateway.connections import BoundedListener
from tiers.gateway.listening import Listening
from tiers.gateway.server import server_of

_LOG: Final = logging.getLogger("uvicorn.error")  # which is where the server tells its troubles
_AT_HOME: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A dashboard that can be asked once it runs."""

    address: str  # with the token, to be opened once
    door: Door
    server: uvicorn.Server
    listener: BoundedListener

    def run(self) -> None:
        """Answer until a signal, or `server.should_exit`, ends it."""
        self.server.run(sockets=[self.listener])


@contextmanager
def opened(
    places: Iterable[Place],
    listening: Listening,
    *,
    any_port: bool,
    decisions: Decisions | None = None,
    prefect: str = "",
) -> Iterator[Ready]:
    """A dashboard of these missions that listens.

    Args:
        places: Where they are.
        listening: Where to listen, and by which names it may be asked.
        any_port: Whether another port will do where that one is taken.
        decisions: Takes what is decided there; without it nothing can be.
        prefect: The Prefect API that a person chose; empty: runs are on the local server.

    Raises:
        UsageError: It would be reached from elsewhere without TLS.
        ConfigError: What TLS needs cannot be used.
        TierError: Nobody can listen there.
    """
    at = listening.place()
    at_home = ipaddress.ip_address(at.address).is_loopback
    if listening.certificate is not None:
        listening.certificate.check()
    elif not at_home:
        raise UsageError(
            f"the dashboard does not listen on {listening.host} without TLS",
            hint="--tls-certificate FILE and --tls-key FILE",
        )
    missions = Missions.of(places, prefect)
    with _listen(at.family, at.address, at.port, any_port=any_port) as listener:
        port = int(listener.getsockname()[1])
        names = {name.lower().strip("[]").removesuffix(".") for name in listening.names}
        names |= _AT_HOME if at_home else {listening.host.lower(), at.address}
        door = Door(hosts=frozenset(names), port=port, secure=listening.certificate is not None)
        forecasts = Forecasts(say=_LOG.warning)
        decided = int if decisions is None else decisions.version
        revisions = Revisions(
            missions,
            lambda shown: decided() + (forecasts.version(shown.place) if shown.place else 0),
        )
        renderer = Renderer()
        renderer.prepare()
        site = Site(
            missions,
            revisions,
            decisions,
            forecasts=forecasts,
            ticket=door.ticket,
            renderer=renderer,
        )
        app = make_app(site, revisions, door, decisions)
        server = server_of(app, listening.certificate)
        revisions.is_over = lambda: server.should_exit
        scheme = "https" if door.secure else "http"
        host = f"[{listening.host}]" if ":" in listening.host else listening.host
        try:
            yield Ready(
                address=f"{scheme}://{host}:{port}/?token={door.token}",
                door=door,
                server=server,
                listener=listener,
            )
        finally:
            forecasts.close()


def _listen(
    family: socket.AddressFamily, address: str, port: int, *, any_port: bool
) -> BoundedListener:
    """Take the port, or any that is free.

    Raises:
        TierError: Nobody can listen there.
    """
    try:
        return BoundedListener(family, (address, port))
    except OSError as error:
        if any_port and port and error.errno == errno.EADDRINUSE:
            return _listen(family, address, 0, any_port=False)
        raise TierError(
            f"the dashboard cannot listen on {address}:{port}: {error.strerror}",
            hint="Name another --port or --host, or end what listens there",
        ) from error
