"""`mission mcp --http`, as the agents of a run ask it, and as others would like to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import shown_mission

_TOKEN = "planted-token-of-a-run-0123456789abcdef"
_PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
_HEADERS = {
    "Authorization": f"Bearer {_TOKEN}",
    "Accept": "application/json, text/event-stream",
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = shown_mission.make(tmp_path_factory.mktemp("shown") / "plan")
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "cli", "mcp", str(place.folder), "--http"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{_TOKEN}\n".encode())
        process.stdin.close()
        try:
            yield process.stdout.readline().decode().strip()
        finally:
            process.terminate()


def asked(url: str, **headers: str) -> int:
    return httpx.post(url, json=_PING, headers=_HEADERS | headers).status_code


def test_who_has_the_token_is_answered_and_nobody_else(url: str) -> None:
    assert url.startswith("http://127.0.0.1:")
    assert asked(url) == 200
    assert asked(url, Authorization=f"bearer {_TOKEN}") == 200
    for given in ("", _TOKEN, "Bearer", f"Bearer {_TOKEN}x", f"Basic {_TOKEN}"):
        assert asked(url, Authorization=given) == 401, given
    assert httpx.post(url, json=_PING).status_code == 401


def test_a_page_of_the_web_that_took_this_address_is_refused(url: str) -> None:
    for name in ("evil.example", "localhost", "evil.example:80", "127.0.0.1.evil.example"):
        assert asked(url, Host=name) == 421


def test_what_is_no_request_is_refused(url: str) -> None:
    def sent(content: bytes) -> int:
        headers = _HEADERS | {"Content-Type": "application/json"}
        return httpx.post(url, content=content, headers=headers).status_code

    assert sent(b"{") == 400
    assert sent(b"[" * 100_000) == 400
    assert sent(b" " * 300_000) == 413
    assert httpx.get(url.replace("/mcp", "/"), headers=_HEADERS).status_code == 404
    assert asked(url) == 200


def test_it_does_not_begin_without_a_token(tmp_path: Path) -> None:
    shown_mission.make(tmp_path / "plan")
    for given in ("", "\n", "short\n"):
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "cli", "mcp", str(tmp_path / "plan"), "--http"],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "token of at least 32 characters" in ended.stderr
        assert ended.stderr.count("\n") == 2
