"""The gateway serves the pages of a team's missions from its storage, to whom its tokens let in."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import psycopg
import pytest

from dashboard.door import HEADERS
from dashboard.pages.build import NAVIGATION
from dashboard.team import with_pages
from mission.journal import Journal
from mission.journal.kinds import StatusSet
from mission.place import Place
from mission.plan import read_plan
from tests.integration.dashboard.conftest import key_of
from tests.services import PostgresMaker, fresh_database
from tests.shown_mission import HOSTILE, make
from tiers.gateway.app import make_app
from tiers.gateway.connections import BoundedListener
from tiers.gateway.entrance import Door
from tiers.gateway.server import server_of
from tiers.gateway.storage import ReadStorage
from tiers.gateway.tokens import Tokens
from tiers.projection.project import project
from tiers.servers.postgres import PostgresServer
from tiers.settings.address import PostgresAddress
from tiers.storage.schema import upgrade

SMALL = """\
# Tasks — Other

| id | status | description | depends_on |
| --- | --- | --- | --- |
| X-1 | not-started | The secret plan of another team | — |
"""
A_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Team:
    """A gateway that answers, on a storage that holds two missions."""

    origin: str
    tokens: Tokens
    database: PostgresAddress
    place: Place  # of the first
    mission: str  # its identifier
    other: str  # of the second

    def token(self, name: str, *missions: str) -> str:
        """A new one; for all missions where none are named."""
        return self.tokens.add(
            name, lasting=A_DAY, missions=missions or None, now=datetime.now(UTC)
        )

    @contextmanager
    def browser(self, token: str) -> Iterator[httpx.Client]:
        """One that has opened the address with the token."""
        with httpx.Client(base_url=self.origin, timeout=60) as client:
            answer = client.get("/", params={"token": token})
            assert answer.status_code == 200, answer.text
            (path,) = re.findall(r'href="(/[0-9a-f]{32})/"', answer.text)
            client.base_url = httpx.URL(self.origin + path)
            yield client

    @contextmanager
    def program(self, token: str) -> Iterator[httpx.Client]:
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=self.origin, headers=headers, timeout=60) as client:
            yield client


def copy(database: PostgresAddress, place: Place) -> str:
    """Bring the storage up to a mission; its identifier there."""
    with (
        psycopg.connect(**database.connect_arguments(), autocommit=True) as connection,
        Journal.open_to_read(place.journal_file) as journal,
    ):
        return project(connection, place, read_plan(place), journal).origin.mission


@contextmanager
def gateway(database: PostgresAddress, tokens: Tokens | None) -> Iterator[str]:
    """Where one answers."""
    with (
        ReadStorage(address=database, embedder=None) as storage,
        BoundedListener(2, ("127.0.0.1", 0)) as listener,
    ):
        port = int(listener.getsockname()[1])
        door = Door(hosts=frozenset({"127.0.0.1"}), tokens=tokens, own_user=tokens is None)
        app = with_pages(
            make_app(storage, list, door), storage.records, door,
            port=port, secure=False, is_over=lambda: server.should_exit,
        )  # fmt: skip
        server = server_of(app, None)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def team(
    shown: Place, plain_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Team]:
    with fresh_database(plain_server) as database:
        upgrade(database, vector=False)
        yield from _team(shown, database, tmp_path_factory)


def _team(
    shown: Place, database: PostgresAddress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Team]:
    other = tmp_path_factory.mktemp("other")
    (other / "TASKS.md").write_text(SMALL)
    tokens = Tokens(tmp_path_factory.mktemp("tokens"))
    found = copy(database, shown), copy(database, Place.find(str(other)))
    with gateway(database, tokens) as origin:
        yield Team(
            origin=origin, tokens=tokens, database=database, place=shown,
            mission=found[0], other=found[1],
        )  # fmt: skip


def test_a_mission_is_told_in_the_same_words_as_where_it_is(
    team: Team, client: httpx.Client
) -> None:
    here = key_of(client)
    with team.program(team.token("same")) as program:
        for page, _ in NAVIGATION:
            local, stored = (
                asked.get(f"/{key}/{page}.json").json()
                for asked, key in ((client, here), (program, team.mission))
            )
            assert differing(local, stored) == [], page
        rows = [node["id"] for node in client.get(f"/{here}/graph.json").json()["nodes"]]
        assert len(rows) > 10
        for row in rows:
            local, stored = (
                asked.get(f"/{key}/row/{row}.json").json()
                for asked, key in ((client, here), (program, team.mission))
            )
            assert differing(local, stored) == [], row
            assert stored["log"] is None
            assert all(not one["logs"] and not one["worktree"] for one in stored["attempts"])


#: What is said of the copy, or is on the machine alone, as forecasts are; what counts up to now.
APART = frozenset(
    ("mission", "kept_on", "log", "logs", "changed", "attach", "end", "width", "left", "seconds",
     "ticks", "finish", "guess", "expected", "now", "idle")
)  # fmt: skip
LOG = re.compile(r"; log \S+")


def differing(one: object, other: object, where: str = "") -> list[str]:
    """The names of what differs."""
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            return [f"{where}: {one.keys() ^ other.keys()}"]
        return [
            found
            for name in one
            if name not in APART
            for found in differing(one[name], other[name], f"{where}.{name}")
        ]
    if isinstance(one, list) and isinstance(other, list):
        foreseen = where == ".lines"  # of which a timeline has some where nothing was done yet
        one = [line for line in one if line.get("pieces", True)] if foreseen else one
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for n, (a, b) in pairs for found in differing(a, b, f"{where}[{n}]")]
    told = LOG.sub("", one) if isinstance(one, str) else one
    return [] if told == other else [f"{where}: {one!r} {other!r}"]


def test_what_the_storage_does_not_hold_is_said_to_be_elsewhere(team: Team) -> None:
    with team.browser(team.token("elsewhere")) as browser:
        page = browser.get(f"/{team.mission}/row/PAY-08").text
        assert "What it printed and what it changed are not here" in page
        assert "A copy: logs, changes, forecasts" in page
        assert "what it changed</a>" not in page
        diff = browser.get(f"/{team.mission}/diff/PAY-08")
        assert diff.status_code == 400
        assert "in its clone alone" in diff.text
        told = browser.get(f"/{team.mission}/row/PAY-08.txt").text
        assert "mission show --diff PAY-08" in told


def test_a_browser_comes_in_by_a_token_once_and_can_decide_nothing(team: Team) -> None:
    token = team.token("ann")
    with httpx.Client(base_url=team.origin) as client:
        answer = client.get("/", params={"token": token})
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert token not in cookie + answer.text
    with team.browser(token) as browser:
        for page in ("/", f"/{team.mission}/mission", f"/{team.mission}/row/PAY-08"):
            shown = browser.get(page)
            assert shown.status_code == 200
            assert "<form" not in shown.text
            assert "Read-only" in shown.text
            for name, value in HEADERS.items():
                assert shown.headers[name] == value
        form = {"ticket": "", "verb": "approve"}
        for page in (f"/{team.mission}/row/PAY-08", f"/{team.mission}/pause"):
            headers = {"Origin": team.origin}
            assert browser.post(page, data=form, headers=headers).status_code in (404, 405)
        from_elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        assert browser.get("/", headers=from_elsewhere).status_code == 403
        assert browser.get("/", headers={"Host": "evil.example"}).status_code == 421
        assert HOSTILE not in browser.get(f"/{team.mission}/mission").text
        team.tokens.revoke("ann")
        assert browser.get("/").status_code == 401
        other = team.token("ann")
        assert browser.get("/").status_code == 401, "another token of that name"
        with team.browser(other) as again:
            assert again.get("/").status_code == 200


def test_without_a_token_there_is_nothing(team: Team) -> None:
    with httpx.Client(base_url=team.origin) as client:
        key = team.mission
        for path in ("/", f"/{key}/mission", "/events", "/static/pages.css", f"/{key}/feed.atom"):
            for wrong in ("mgw.ann.guess", "guess", "mgw..", "é"):
                headers = {b"Authorization": f"Bearer {wrong}".encode()}
                assert client.get(path, headers=headers).status_code == 401, path
                assert client.get(path, params={"token": wrong}).status_code == 401, path
        assert client.get("/api/v1/missions").status_code == 401
        assert client.get("/healthz").json() == {"status": "ok"}


def test_a_token_for_one_mission_finds_no_trace_of_another(team: Team) -> None:
    token = team.token("bob", team.other)
    with team.program(token) as program, team.program(team.token("all")) as of_all:
        whole = of_all.get("/missions.json").json()["missions"]
        assert {one["key"] for one in whole} == {team.mission, team.other}
        seen = program.get("/missions.json")
        assert [one["key"] for one in seen.json()["missions"]] == [team.other]
        assert program.get(f"/{team.other}/mission.txt").text.count("X-1")
        texts = [seen.text, program.get("/").text, program.get(f"/{team.other}/feed").text]
        assert not any("payments" in text or "PAY-" in text for text in texts)
        pages = [f"{name}{form}" for name, _ in NAVIGATION for form in ("", ".json", ".txt")]
        pages += ["row/PAY-08", "diff/PAY-08", "feed.atom", "row/PAY-99"]
        for page in pages:
            hidden = program.get(f"/{team.mission}/{page}")
            missing = program.get(f"/nothing-000000/{page}")
            assert hidden.status_code == missing.status_code == 404
            assert (hidden.text, set(hidden.headers)) == (missing.text, set(missing.headers))
        with program.stream("GET", "/events") as stream:
            said = ""
            for text in stream.iter_text():
                said += text
                if team.other in said:
                    break
        assert team.mission not in said
    with team.browser(token) as browser:
        assert browser.get(f"/{team.mission}/mission").status_code == 404


def test_a_row_that_ends_is_on_the_page_after_the_next_copy(
    team: Team, small: Place, client: httpx.Client
) -> None:
    key = copy(team.database, small)
    with (
        team.program(team.token("carol", key)) as program,
        program.stream("GET", "/events") as live,
    ):
        words = revisions(live, key)
        before, first = next(words), program.get(f"/{key}/feed.json").json()["news"]
        with Journal.open(small.journal_file) as journal:
            journal.record(
                StatusSet(old="ready", new="done", by="person", reason="by hand"), task="PAY-16"
            )
        copy(team.database, small)
        assert next(words) != before
        news = program.get(f"/{key}/feed.json").json()["news"]
    assert len(news) == len(first) + 1
    assert news[0]["detail"].endswith("reason by hand")


def revisions(live: httpx.Response, key: str) -> Iterator[str]:
    for line in live.iter_lines():
        if line.startswith(f"data: {key} "):
            yield line.rpartition(" ")[2]


def test_a_storage_that_is_away_is_said_to_be(
    make_postgres: PostgresMaker, small: Place, tmp_path: Path
) -> None:
    server = make_postgres(vector=False, start=False)
    process = server.start()
    upgrade(server.address, vector=False)
    key = copy(server.address, small)
    tokens = Tokens(tmp_path / "tokens")
    token = tokens.add("dan", lasting=A_DAY, missions=None, now=datetime.now(UTC))
    headers = {"Authorization": f"Bearer {token}"}
    with (
        gateway(server.address, tokens) as origin,
        httpx.Client(base_url=origin, headers=headers, timeout=60) as client,
    ):
        assert client.get(f"/{key}/mission").status_code == 200
        process.stop()
        for page in ("/", f"/{key}/mission", f"/{key}/row/PAY-08", "/missions.json"):
            answer = wait_for(partial(client.get, page), 503)
            assert "the storage cannot be used now" in answer.text
            assert str(server.address.port) not in answer.text
        process = server.start()
        try:
            assert wait_for(partial(client.get, f"/{key}/mission"), 200).status_code == 200
        finally:
            process.stop()


def wait_for(ask: Callable[[], httpx.Response], status: int) -> httpx.Response:
    """The first answer of that status: for half a second one from before may be told."""
    deadline = time.monotonic() + 30
    while (answer := ask()).status_code != status and time.monotonic() < deadline:
        time.sleep(0.1)
    assert answer.status_code == status, answer.text
    return answer


def test_ten_thousand_rows_come_in_pages(team: Team, tmp_path: Path) -> None:
    place = make(tmp_path / "long", more=10_000)
    key = copy(team.database, place)
    with team.program(team.token("erin", key)) as program:
        program.get(f"/{key}/mission")  # read once, for all who ask
        for name, _ in NAVIGATION:
            page = program.get(f"/{key}/{name}")
            assert page.status_code == 200, name
            assert len(page.content) < 150_000, name
        assert program.get(f"/{key}/mission.json?page=2").json()["page"] == 2


def test_without_tokens_its_own_user_alone_may_look(team: Team) -> None:
    with (
        gateway(team.database, None) as origin,
        httpx.Client(base_url=origin, timeout=60) as client,
    ):
        assert client.get(f"/{team.mission}/mission").status_code == 200
        from_elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        assert client.get("/", headers=from_elsewhere).status_code == 403
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 421


def test_what_an_older_version_copied_is_said_to_be_too_little(team: Team) -> None:
    with psycopg.connect(**team.database.connect_arguments(), autocommit=True) as connection:
        connection.execute("INSERT INTO missions (id, name) VALUES ('Old ONE/x', 'Old')")
    with team.program(team.token("fay", "Old ONE/x")) as program:
        (line,) = program.get("/missions.json").json()["missions"]
        assert "mission tier sync" in line["error"] or "no copy" in line["error"]
        page = program.get(f"/{line['key']}/mission")
        assert page.status_code == 503
        assert "mission tier sync" in page.text
