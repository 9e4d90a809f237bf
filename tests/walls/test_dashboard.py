"""The dashboard's pages are for who opened the printed address: no other user, page or server."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import sync_playwright

from mission.place import Place
from tests.conftest import requires
from tests.integration.dashboard.conftest import serving
from tests.shown_mission import make


@contextmanager
def another_server() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Somebody else's on another port of this machine; with each path and what cookies came."""
    heard: list[tuple[str, str]] = []

    class Listens(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append((self.path, self.headers.get("Cookie", "")))
            self.send_response(200)
            self.send_header("Set-Cookie", "left=behind; Path=/")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>other</title>")

        def log_message(self, *_: object) -> None:
            """It keeps quiet."""

    with HTTPServer(("127.0.0.1", 0), Listens) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", heard
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make(tmp_path / "payments")


@requires("chromium")
def test_a_server_on_another_port_gets_nothing_of_the_browser(place: Place) -> None:
    """Cookies are shared by all ports of a name, and to a browser both are one site: any user of
    this machine, and an agent that has a network, can listen on a port and have a page lead there.
    """
    with (
        another_server() as (other, heard),
        serving(place, decides=True) as dashboard,
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        ) as browser,
    ):
        page = browser.new_page()
        page.goto(dashboard.address)
        page.wait_for_selector("article h2 a")
        paths = ("/", "/missions.json", f"/{dashboard.door.port}/", "/static/pages.js", "/events")
        for path in (*paths, "/"):  # the first time from elsewhere, and then from its own page
            page.goto(other + path)
        page.goto(f"{dashboard.base}/")
        page.wait_for_selector("article h2 a")
    assert len(heard) > len(paths)
    assert [one for one in heard if "mission" in one[1]] == []


def test_what_the_cookie_holds_opens_nothing_by_itself(place: Place) -> None:
    with serving(place) as dashboard:
        door = dashboard.door
        root = f"http://127.0.0.1:{door.port}"
        cookie = {"Cookie": f"{door.cookie}={door.session}"}
        for path in ("/", "/missions.json", "/events", f"/{'0' * len(door.path[1:])}/", door.path):
            assert httpx.get(root + path, headers=cookie).status_code == 401, path
        assert httpx.get(f"{root}{door.path}/missions.json").status_code == 401
        assert httpx.get(f"{root}{door.path}/missions.json", headers=cookie).status_code == 200


def test_a_cookie_of_somebody_elses_shuts_nobody_out(place: Place) -> None:
    with serving(place) as dashboard:
        name, session = dashboard.door.cookie, dashboard.door.session
        for cookies in (
            f"{name}={session}; {name}=other",
            f"{name}=other; {name}={session}",
            f'a="b; {name}={session}',
            f"a=\x01; {name}={session}; b[c]=d",
        ):
            answer = httpx.get(f"{dashboard.base}/missions.json", headers={"Cookie": cookies})
            assert answer.status_code == 200, cookies


def test_the_page_that_takes_the_token_away_leads_to_the_path_that_nobody_knows(
    place: Place,
) -> None:
    with serving(place) as dashboard:
        opened = httpx.get(f"{dashboard.address}&page=2")
        (leads,) = re.findall(r'content="0; url=([^"]+)"', opened.text)
        assert leads == f"{dashboard.door.path}/?page=2"
        assert f"Path={dashboard.door.path}/;" in opened.headers["set-cookie"]
        assert dashboard.door.token not in leads + opened.headers["set-cookie"]
