"""Connections that end: each is answered in time, and only so many are held.

uvicorn waits for half a request for as long as its sender likes, and accepts until this process has
no descriptor left. Half requests by the hundred would then shut everybody else out.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 10.0  # for a whole request, body too, from the connection or the last answer on
ANSWER_SECONDS = 60.0  # for its answer; no query of ours may take longer than a sixth of that
CONNECTIONS = 256  # at once; some hundred descriptors fewer than a process usually may have
BACKLOG = 64  # accepted at one go, before those that are too many are closed


class BoundedListener(socket.socket):
    """A listening socket that holds so many connections; for one more, the oldest goes.

    Whoever opens connections to keep others out loses them so by opening more, while a request
    that is answered at once gets through. TLS handshakes count: nothing above knows of them yet.
    """

    def __init__(self, family: int, address: tuple[str, int], *, limit: int = CONNECTIONS) -> None:
        """Listen on an address.

        Raises:
            OSError: Nobody can.
        """
        super().__init__(family, socket.SOCK_STREAM)
        self._limit = limit
        self._held: list[socket.socket] = []
        try:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                self.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self.bind(address)
            self.listen(BACKLOG)
        except OSError:
            self.close()
            raise

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection, in whose place an older one may go."""
        accepted, address = super().accept()
        self._held = [one for one in self._held if one.fileno() != -1]
        if len(self._held) >= self._limit:
            with contextlib.suppress(OSError):  # it has gone by itself
                self._held.pop(0).shutdown(socket.SHUT_RDWR)
        self._held.append(accepted)
        return accepted, address


class TimelyProtocol(H11Protocol):
    """HTTP/1.1 on one connection, which has a deadline at any time and is cut there.

    The deadline is not put off by a byte more: a request is there in time as a whole.
    """

    _deadline: asyncio.TimerHandle | None = None
    _in_answer = False  # a whole request has come, and its answer has not gone

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._cut_after(REQUEST_SECONDS)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        self._in_answer = False
        self._cut_after(REQUEST_SECONDS)
        super().on_response_complete()
        self._look()  # the next request may have been here before

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._deadline is not None:
            self._deadline.cancel()

    def _look(self) -> None:
        cycle = self.cycle
        whole = cycle is not None and not cycle.more_body and not cycle.response_complete
        if whole and not self._in_answer:
            self._in_answer = True
            self._cut_after(ANSWER_SECONDS)

    def _cut_after(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self.transport.abort)
