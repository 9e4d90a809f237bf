"""Proxies of the environment, and a service on this machine."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from cli.proxies import spare_loopback

NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens there


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Hello) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_no_proxy_stands_before_a_service_on_this_machine(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(one, "intern.example")
    monkeypatch.setenv(name, NOBODY)
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)
    spare_loopback(os.environ)
    assert httpx.get(address).status_code == 204
    assert httpx.get(address.replace("127.0.0.1", "localhost")).status_code == 204


@pytest.mark.parametrize(
    ("given", "spared"),
    [
        ({}, None),
        ({"HTTPS_PROXY": NOBODY}, "127.0.0.1,localhost,::1"),
        ({"https_proxy": NOBODY, "NO_PROXY": "a.example, localhost"},
         "a.example,localhost,127.0.0.1,::1"),
        ({"ALL_PROXY": NOBODY, "no_proxy": "*"}, "*"),
    ],
)  # fmt: skip
def test_what_a_person_spared_stays(given: dict[str, str], spared: str | None) -> None:
    environ = dict(given)
    for _ in range(2):
        spare_loopback(environ)
    assert (environ.get("NO_PROXY"), environ.get("no_proxy")) == (spared, spared)
