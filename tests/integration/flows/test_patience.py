"""What is asked of a server that is gone is asked once; of one that may come back, again."""

from __future__ import annotations

import asyncio
import socket
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from prefect.events import Event, Resource
from prefect.settings import get_current_settings, temporary_settings

from errors import AgentError, WorkersAwayError
from flows.patience import _Events, knowing, patience
from flows.record import Record
from flows.remote import PrefectAgents
from workspace.process import Stop


@dataclass
class Deaf:
    """A port at which every connection is taken, and ended without a word."""

    port: int
    asked: list[None] = field(default_factory=list)


@pytest.fixture
def deaf() -> Iterator[Deaf]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found = Deaf(port=listening.getsockname()[1])

        def answer() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                found.asked.append(None)
                connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        yield found
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def retries() -> int:
    return get_current_settings().client.max_retries


@pytest.mark.parametrize("gone", [True, False])
def test_a_server_that_is_gone_is_asked_once(deaf: Deaf, gone: bool) -> None:
    away = {
        "api.url": f"http://127.0.0.1:{deaf.port}/api",
        "client.max_retries": 1,
        "server.ephemeral.enabled": False,
    }
    with temporary_settings(away), knowing(lambda: gone):
        record = Record(uuid.uuid4())
        assert record.open_runs(["tag"]) == []
    assert len(record.troubles) == 1
    assert len(deaf.asked) == (1 if gone else 2)


def test_as_soon_as_it_is_gone_nobody_asks_again() -> None:
    gone = threading.Event()
    before = retries()
    with knowing(gone.is_set):
        asking = patience()
        with asking():
            assert retries() == before
        gone.set()
        with asking():
            assert retries() == 0
    assert retries() == before
    with patience()():  # outside of a flow nobody knows
        assert retries() == before


def test_what_happened_is_not_sent_to_nobody(deaf: Deaf) -> None:
    event = Event(event="tried", resource=Resource({"prefect.resource.id": "try"}), id=uuid.uuid4())
    with temporary_settings({"api.url": f"http://127.0.0.1:{deaf.port}/api"}):
        client = _Events(gone=lambda: True)
        client._in_context = True  # as after its start
        asyncio.run(client.emit(event))
    assert deaf.asked == []


class _Refuses(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(403)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def test_a_server_that_refuses_is_not_asked_for_a_run_again_and_again() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refuses) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            there = {
                "api.url": f"http://127.0.0.1:{server.server_port}/api",
                "client.max_retries": 0,
                "server.ephemeral.enabled": False,
            }
            with (
                temporary_settings(there),
                pytest.raises(AgentError, match="wait for the run") as no,
            ):
                PrefectAgents().wait(str(uuid.uuid4()), Stop(), lambda _: None)
            assert not isinstance(no.value, WorkersAwayError)
        finally:
            server.shutdown()
            thread.join()
