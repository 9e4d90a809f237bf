"""What is decided on a page is asked of the single writer, as the commands ask it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from gates.pause import PauseFiles
from mission.journal import Journal, RequestKind
from mission.place import Place
from tests.integration.cli.test_requests import HOLDER
from tests.integration.dashboard.conftest import Dashboard, Serve, key_of
from tests.integration.dashboard.test_stream import streamed, word
from tests.scratch import Scratch, make, row

ASKS = """
import json, pathlib
pathlib.Path("work.txt").write_text("work\\n")
print(json.dumps({"outcome": "needs-qa", "summary": "please look"}))
"""


@pytest.fixture
def decided(small: Place, serve: Serve) -> Dashboard:
    return serve(small, decides=True)


def ticket_of(client: httpx.Client) -> str:
    page = client.get(f"/{key_of(client)}/mission").text
    found = re.search(r'name="ticket" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


def decide(
    dashboard: Dashboard, client: httpx.Client, path: str, verb: str, note: str = ""
) -> httpx.Response:
    form = {"ticket": ticket_of(client), "verb": verb, "note": note}
    path = f"/{key_of(client)}/{path}"
    return client.post(path, data=form, headers={"Origin": dashboard.origin})


def seen(client: httpx.Client, wanted: Callable[[str], object]) -> str:
    """The mission's page as soon as it tells what is wanted, by the stream."""
    with streamed(client) as lines:
        while True:
            word(lines)
            page = client.get(f"/{key_of(client)}/mission").text
            if wanted(page):
                return page


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    return make(tmp_path, [row("A"), row("B", after="A", status="failed")], worker=ASKS)


def test_what_is_approved_on_the_page_merges_through_all_gates(
    scratch: Scratch, serve: Serve
) -> None:
    scratch.run()
    assert scratch.statuses()["A"] == "needs-qa"
    dashboard = serve(Place.find(str(scratch.task_file)), decides=True)
    with dashboard.client() as client:
        answer = decide(dashboard, client, "row/A", "approve")
        assert answer.status_code == 303
        assert client.get(dashboard.origin + answer.headers["location"]).status_code == 200
        seen(client, lambda page: "A is done" in page)
        page = client.get(f"/{key_of(client)}/row/A.json").json()
        assert page["state"] == "done"
    assert scratch.merged() == ["A"]
    with scratch.journal() as journal:
        (request,) = journal.requests("A")
        assert (request.kind, request.by) == (RequestKind.APPROVE, "ann@example")


def test_who_rejects_says_what_is_to_be_done_otherwise(scratch: Scratch, serve: Serve) -> None:
    scratch.run()
    dashboard = serve(Place.find(str(scratch.task_file)), decides=True)
    with dashboard.client() as client:
        refused = decide(dashboard, client, "row/A", "reject", "  ")
        assert refused.status_code == 400
        assert "say what is to be done otherwise" in refused.text
        assert scratch.statuses()["A"] == "needs-qa"
        assert decide(dashboard, client, "row/A", "reject", "Use less.").status_code == 303
        seen(client, lambda page: "A is not-started" in page)
    with scratch.journal() as journal:
        assert [one.note for one in journal.requests("A")] == ["Use less."]


def test_what_the_writer_refuses_is_told_on_the_page(scratch: Scratch, serve: Serve) -> None:
    dashboard = serve(Place.find(str(scratch.task_file)), decides=True)
    with dashboard.client() as client:
        decide(dashboard, client, "row/B", "approve")
        page = seen(client, lambda page: "approve is for rows" in page)
        assert 'class="asked t-bad"' in page
    with scratch.journal() as journal:
        (request,) = journal.requests("B")
        assert request.error is not None


@pytest.fixture
def run_there(small: Place) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Another process that holds the mission as a run does, and answers as it is told to."""
    children = []

    def start(behaviour: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(small.task_file), behaviour],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        children.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "holding\n"
        return child

    yield start
    for child in children:
        child.communicate("")


def test_the_run_that_is_at_work_answers(
    decided: Dashboard, run_there: Callable[[str], subprocess.Popen[str]]
) -> None:
    run_there("apply")
    with decided.client() as client:
        decide(decided, client, "row/PAY-10", "retry", "Raise the limit.")
        seen(client, lambda page: "PAY-10 is not-started" in page)


def test_what_nobody_answers_is_withdrawn_as_the_dashboard_ends(
    small: Place,
    decided: Dashboard,
    serve: Serve,
    run_there: Callable[[str], subprocess.Popen[str]],
) -> None:
    child = run_there("ignore")
    with decided.client() as client:
        for _ in range(2):  # pressed twice
            decide(decided, client, "row/PAY-10", "retry")
        assert child.stdout is not None
        assert child.stdout.readline() == "asked\n"
        seen(client, lambda page: "the run is asked" in page)
    decided.close()
    with Journal.open(small.journal_file) as journal:
        (request,) = journal.requests("PAY-10")
        assert request.error is not None
        assert "withdrawn" in request.error


def test_a_mission_is_paused_and_goes_on(decided: Dashboard, small: Place) -> None:
    pauses = PauseFiles.of(state_dir=small.state_dir, folder=small.folder)
    with decided.client() as client:
        assert decide(decided, client, "pause", "pause").status_code == 303
        page = seen(client, lambda page: "Paused by ann" in page)
        assert 'value="unpause"' in page
        assert pauses.read() is not None
        decide(decided, client, "pause", "unpause")
        seen(client, lambda page: "Paused by ann" not in page)
        assert pauses.read() is None


@pytest.mark.parametrize(
    ("headers", "form", "status"),
    [
        ({}, {}, 403),
        ({"Origin": "null"}, {}, 403),
        ({"Origin": "https://evil.example"}, {}, 403),
        ({"Origin": "http://127.0.0.1:1"}, {}, 403),
        ({"Origin": "BASE", "Sec-Fetch-Site": "same-site"}, {}, 403),
        ({"Origin": "BASE", "Sec-Fetch-Site": "cross-site"}, {}, 403),
        ({"Origin": "BASE"}, {"ticket": "0" * 64}, 403),
        ({"Origin": "BASE"}, {"ticket": ""}, 403),
        ({"Origin": "BASE", "Content-Type": "text/plain"}, {}, 403),
        ({"Origin": "BASE"}, {"note": "x" * 70_000}, 403),
        ({"Origin": "BASE"}, {str(number): "" for number in range(20)}, 403),
        ({"Origin": "BASE"}, {"note": "x" * 5_000}, 400),
        ({"Origin": "BASE"}, {"verb": "set"}, 400),
        ({"Origin": "BASE"}, {"verb": "pause"}, 400),
    ],
)
def test_another_page_decides_nothing(
    small: Place, decided: Dashboard, headers: dict[str, str], form: dict[str, str], status: int
) -> None:
    with decided.client() as client:
        sent = {"ticket": ticket_of(client), "verb": "retry", "note": ""} | form
        named = {name: value.replace("BASE", decided.origin) for name, value in headers.items()}
        answer = client.post(f"/{key_of(client)}/row/PAY-10", data=sent, headers=named)
    assert answer.status_code == status
    with Journal.open(small.journal_file) as journal:
        assert journal.requests("PAY-10") == []


def test_without_the_cookie_a_ticket_is_worth_nothing(decided: Dashboard) -> None:
    with decided.client() as client:
        ticket, key = ticket_of(client), key_of(client)
    answer = httpx.post(
        f"{decided.base}/{key}/row/PAY-10",
        data={"ticket": ticket, "verb": "retry"},
        headers={"Origin": decided.origin},
    )
    assert answer.status_code == 401


def test_a_row_or_a_mission_that_is_not_there(decided: Dashboard) -> None:
    with decided.client() as client:
        assert decide(decided, client, "row/NOPE", "retry").status_code == 400
        form = {"ticket": ticket_of(client), "verb": "retry"}
        origin = {"Origin": decided.origin}
        assert client.post("/nope-1/row/A", data=form, headers=origin).status_code == 404


def test_read_only_has_no_buttons_and_takes_nothing(small: Place, serve: Serve) -> None:
    dashboard = serve(small)
    with dashboard.client() as client:
        key = key_of(client)
        for page in ("mission", "row/PAY-10"):
            text = client.get(f"/{key}/{page}").text
            assert "<form" not in text
            assert "Read-only" in text
        answer = client.post(
            f"/{key}/row/PAY-10",
            data={"ticket": dashboard.door.ticket, "verb": "retry"},
            headers={"Origin": dashboard.origin},
        )
        assert answer.status_code == 405
