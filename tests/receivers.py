"""Receivers of notifications on loopback: a web server that keeps what it is sent, and answers as
it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Posted:
    """One request."""

    path: str
    headers: dict[str, str]  # names in small letters
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)


@dataclass(kw_only=True)
class WebReceiver:
    """What came, and what is answered."""

    port: int = 0
    status: int = 200
    answer: bytes = b"{}"
    posted: list[Posted] = field(default_factory=list)
    hangs: threading.Event = field(default_factory=threading.Event)  # while it is not set
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.hangs.set()

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def wait(self, holds: Callable[[list[Posted]], bool], seconds: float = 60) -> list[Posted]:
        """What came, once that is so."""
        with self.changed:
            assert self.changed.wait_for(lambda: holds(self.posted), seconds), [
                one.body for one in self.posted
            ]
            return list(self.posted)

    def keys(self) -> list[str]:
        """Of the notices that came, in their order."""
        return [event["key"] for one in self.posted for event in one.data["events"]]

    def kinds(self) -> list[str]:
        """Of the notices that came, in their order."""
        return [event["event"] for one in self.posted for event in one.data["events"]]

    def take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self.changed:
            self.posted.append(Posted(path=request.path, headers=headers, body=body))
            self.changed.notify_all()
        self.hangs.wait(120)
        try:
            request.send_response(self.status)
            if self.status in (301, 302, 307, 308):
                request.send_header("Location", self.url("/elsewhere"))
            request.send_header("Content-Type", "application/json")
            request.send_header("Content-Length", str(len(self.answer)))
            request.end_headers()
            request.wfile.write(self.answer)
        except OSError:
            return  # who asked has gone


@contextmanager
def web_receiver() -> Iterator[WebReceiver]:
    """One that listens while the block runs."""
    receiver = WebReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.take(self)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.hangs.set()
        server.shutdown()
        thread.join()
        server.server_close()
