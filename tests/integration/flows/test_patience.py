"""What is asked of a server that is gone is asked once; of one that may come back, again."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from prefect.settings import get_current_settings, temporary_settings
from websockets.sync.server import ServerConnection, serve

from errors import AgentError, WorkersAwayError
from flows.patience import knowing, patience
from flows.record import Record
from flows.remote import PrefectAgents
from flows.settings import client_settings
from workspace.process import Stop, allowed_environment

# Tells what happened, and ends: not before all of it was tried.
EMITTER = """
from prefect.events import emit_event
from flows.patience import knowing
with knowing(lambda: False):
    event = emit_event("tried", {"prefect.resource.id": "try"})
print("not sent" if event is None else "sent")
"""


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


def test_what_happened_is_soon_given_up_where_its_server_is_local() -> None:
    tries: list[None] = []

    def drop(connection: ServerConnection) -> None:
        tries.append(None)
        connection.close()

    with serve(drop, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            api = f"http://127.0.0.1:{server.socket.getsockname()[1]}/api"
            told = subprocess.run(
                [sys.executable, "-c", EMITTER],
                env=allowed_environment(extra={**client_settings(api)}),
                capture_output=True,
                text=True,
                check=True,
            )
        finally:
            server.shutdown()
            thread.join()
    assert told.stdout == "sent\n"
    assert len(tries) == 3


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
