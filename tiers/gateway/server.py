"""The server in front of an application: its connections have deadlines, and TLS where there is a
certificate."""

from __future__ import annotations

import uvicorn
from starlette.types import ASGIApp

from tiers.gateway.connections import BACKLOG, TimelyProtocol
from tiers.gateway.listening import Certificate


def server_of(app: ASGIApp, certificate: Certificate | None) -> uvicorn.Server:
    """A server of the application, for a `BoundedListener`."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            loop="asyncio",  # whose server calls `accept` of the socket that it is given
            http=TimelyProtocol,
            ws="none",
            backlog=BACKLOG,
            log_level="error",  # a line for each bad request would fill the disk by request
            server_header=False,
            proxy_headers=False,  # nothing here depends on who a proxy says it is asked by
            ssl_certfile=None if certificate is None else certificate.chain,
            ssl_keyfile=None if certificate is None else certificate.key,
        )
    )
