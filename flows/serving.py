"""The process of the local Prefect server: `flows.server` starts it, as a script.

    python flows/serving.py SOCKET

SOCKET is the number of an inherited descriptor: a socket that listens. Nothing of ours is imported,
so that it starts whatever other packages are called.
"""

from __future__ import annotations

import socket
import sys

import uvicorn
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from prefect.server.api.server import create_app
from prefect.settings import get_current_settings

# A page of the web can give its own name the address 127.0.0.1: then the browser lets it read what
# the server answers. What the browser still sends is that name, as `Host`.
HOSTS = ("127.0.0.1", "localhost")


def serve(listening: socket.socket) -> bool:
    """Serve Prefect's API, pages and background services until a signal. False: it never began.

    This is `prefect server start`, but for the socket, which was taken before anybody was told of
    it, and for the names that it answers to.
    """
    settings = get_current_settings().server
    guarded = TrustedHostMiddleware(create_app(final=True), allowed_hosts=HOSTS, www_redirect=False)
    server = uvicorn.Server(
        uvicorn.Config(
            guarded,
            timeout_keep_alive=settings.api.keepalive_timeout,
            ws_ping_interval=settings.api.websocket_ping_interval,
            ws_ping_timeout=settings.api.websocket_ping_timeout,
            log_level=settings.logging_level.lower(),
        )
    )
    server.run(sockets=[listening])
    return server.started


if __name__ == "__main__":
    inherited = socket.socket(fileno=int(sys.argv[1]))
    inherited.set_inheritable(False)
    sys.exit(0 if serve(inherited) else 3)
