"""What the pages show, asked for over HTTP, in each of their forms."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from xml.etree import ElementTree

import httpx
import pytest

from dashboard.missions import Missions
from dashboard.pages.build import NAVIGATION
from dashboard.revisions import Revisions
from dashboard.site import Asked, Site
from mission.journal import Journal
from mission.journal.kinds import Other
from mission.pages import page_address
from mission.place import Place
from tests.integration.dashboard.conftest import Dashboard, Serve, key_of
from tests.shown_mission import HOSTILE, held, make, plan

ROWS = ("PAY-05", "PAY-07", "PAY-10", "PAY-16")
PAGES = ("/", *(f"/KEY/{name}" for name, _ in NAVIGATION), *(f"/KEY/row/{row}" for row in ROWS))
ATOM = "{http://www.w3.org/2005/Atom}"
_SENT = 60_000  # bytes of a first page of two hundred rows


class _Html(HTMLParser):
    """Keeps what a page could do."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(client: httpx.Client, path: str) -> _Html:
    answer = client.get(path.replace("KEY", key_of(client)))
    assert answer.status_code == 200
    page = _Html()
    page.feed(answer.text)
    return page


@pytest.mark.parametrize("path", PAGES)
def test_a_page_brings_nothing_from_elsewhere_and_no_program_of_its_own(
    client: httpx.Client, path: str
) -> None:
    page = parsed(client, path)
    for tag, attributes in page.tags:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "href", "action"):
            address = attributes.get(name) or ""
            assert "//" not in address.partition("?")[0], (tag, address)
            assert not address.lower().startswith(("javascript:", "data:")), (tag, address)
        assert tag not in {"style", "iframe", "object", "embed", "base"}
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    assert [list(one) for one in scripts] == [["src", "defer"]]


@pytest.mark.parametrize("path", ["/KEY/mission", "/KEY/row/PAY-16", "/KEY/feed"])
def test_what_a_cell_says_is_text(client: httpx.Client, path: str) -> None:
    page = parsed(client, path)
    assert "onerror" not in str(page.tags)
    assert not [tag for tag, _ in page.tags if tag == "img"]
    if path != "/KEY/feed":
        assert HOSTILE in page.text


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_json_and_text_as_well(client: httpx.Client, path: str) -> None:
    path = path.replace("KEY", key_of(client))
    path = "/missions" if path == "/" else path
    found = client.get(f"{path}.json")
    assert (found.status_code, found.headers["content-type"]) == (200, "application/json")
    assert json.loads(found.text)["name"] in path
    told = client.get(f"{path}.txt")
    assert told.headers["content-type"] == "text/plain; charset=utf-8"
    assert "<" not in told.text.replace(HOSTILE, "")
    assert told.text.count("\n") > 3


def test_the_mission_shows_milestones_needs_and_rows_in_waves(client: httpx.Client) -> None:
    page = client.get(f"/{key_of(client)}/mission.json").json()
    assert [(line["id"], line["done"], line["rows"]) for line in page["milestones"]] == [
        ("PAY-M1", 4, 4), ("PAY-M2", 1, 8), ("PAY-M3", 0, 5), ("PAY-M4", 0, 0),
    ]  # fmt: skip
    assert [(one["task"], one["state"], one["commands"]) for one in page["needs"]] == [
        ("PAY-08", "approval", ["approve", "reject"]),
        ("PAY-10", "failed", ["retry"]),
        ("PAY-13", "blocked", ["unblock"]),
    ]
    states = {row["id"]: row["state"] for wave in page["waves"] for row in wave["lines"]}
    assert {task: states[task] for task in ("PAY-05", "PAY-06", "PAY-07", "PAY-09", "PAY-11")} == {
        "PAY-05": "done",
        "PAY-06": "working",
        "PAY-07": "gate",
        "PAY-09": "merging",
        "PAY-11": "waiting",
    }
    assert [wave["number"] for wave in page["waves"]] == [1, 2, 3, 4, 5, 6, 7]
    assert page["bar"] == {"done": 5, "active": 3, "person": 3, "ready": 1, "waiting": 5}
    assert page["spent_tokens"] > 60_000


def test_the_words_of_the_mission_are_on_its_page(client: httpx.Client) -> None:
    text = parsed(client, "/KEY/mission").text
    for words in ("A run is at work", "Needs you", "mission approve PAY-08", "needs approval"):
        assert words in text


def test_a_row_shows_what_it_waits_for_its_attempts_and_what_they_printed(
    client: httpx.Client,
) -> None:
    page = client.get(f"/{key_of(client)}/row/PAY-10.json").json()
    assert page["state"] == "failed"
    assert [one["number"] for one in page["attempts"]] == [2, 1]
    assert [fact["good"] for fact in page["attempts"][0]["verified"]] == [True, True, False]
    assert [line["text"] for line in page["log"]["lines"]][1:] == ["writes a test", "makes it pass"]
    assert [one["id"] for one in page["behind"]] == ["PAY-12"]
    assert page["choices"] == [{"command": "retry", "does": "try it again", "option": ""}]
    older = client.get(f"/{key_of(client)}/row/PAY-10.json?attempt=1").json()
    assert older["log"]["attempt"] == 1


def test_the_queue_shows_turns_gates_and_landings(client: httpx.Client) -> None:
    page = client.get(f"/{key_of(client)}/queue.json").json()
    assert [(turn["position"], turn["task"]) for turn in page["turns"]] == [
        (1, "PAY-07"),
        (2, "PAY-09"),
    ]
    assert [one["task"] for one in page["held"]] == ["PAY-07"]
    assert [one["task"] for one in page["landings"]] == ["PAY-05"]


@pytest.mark.parametrize("task", [None, "PAY-16"])
def test_where_notifications_lead_there_is_a_page(
    dashboard: Dashboard, client: httpx.Client, shown: Place, task: str | None
) -> None:
    assert client.get(page_address(f"{dashboard.base}/", shown, task)).status_code == 200


def test_a_run_that_prefect_recorded_leads_there(small: Place) -> None:
    run = "0198c1d4-5c5e-7a3a-9b53-6a3f2f3f7b11"
    with Journal.open(small.journal_file) as journal:
        last = journal.last_run()
        assert last is not None
        journal.name_run(last.id, run)
    missions = Missions.of([small], "https://prefect.example/api")
    (key,) = missions
    for form in ("html", "json"):
        site = Site(missions, Revisions(missions))
        page = site.answer(Asked(name="mission", key=key, form=form)).rendered.body.decode()
        assert f'"https://prefect.example/runs/flow-run/{run}"' in page


def test_the_feed_has_the_newest_first_and_tells_repetitions_once(client: httpx.Client) -> None:
    key = key_of(client)
    page = client.get(f"/{key}/feed.json").json()
    numbers = [one["id"] for one in page["news"]]
    assert numbers == sorted(numbers, reverse=True)
    gates = client.get(f"/{key}/feed.json?only=gates&task=PAY-07").json()["news"]
    assert [(one["what"], one["times"]) for one in gates] == [("gate", 3)]


def test_the_feed_can_be_subscribed_to(dashboard: Dashboard, client: httpx.Client) -> None:
    key = key_of(client)
    news = client.get(f"/{key}/feed.json").json()["news"]
    address = client.get(f"/{key}/feed").text.partition('type="application/atom+xml"')[2]
    assert 'href="feed.atom"' in address
    with httpx.Client(base_url=dashboard.origin) as reader:  # which keeps no cookie
        assert reader.get(f"/{key}/feed.atom").status_code == 401
        assert reader.get(f"/{key}/feed.atom", params={"token": "x"}).status_code == 401
        found = reader.get(f"/{key}/feed.atom", params={"token": dashboard.door.token})
        again = reader.get(
            f"/{key}/feed.atom",
            params={"token": dashboard.door.token},
            headers={"If-None-Match": found.headers["etag"]},
        )
    assert again.status_code == 304
    assert found.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert "set-cookie" not in found.headers
    feed = ElementTree.fromstring(found.content)  # noqa: S314  our own
    entries = feed.findall(f"{ATOM}entry")
    assert [one.findtext(f"{ATOM}updated") for one in entries] == [one["at"] for one in news]
    ids = [one.findtext(f"{ATOM}id") for one in entries]
    assert len({*ids}) == len(ids) > 5
    row = entries[0].find(f"{ATOM}link")
    assert row is not None
    assert client.get(f"/{key}/{row.get('href')}").status_code == 200


def test_what_an_agent_said_is_text_in_the_feed(small: Place, serve: Serve) -> None:
    said = f"{HOSTILE} \x00\x1b]]>\ufffe"
    with Journal.open(small.journal_file) as journal:
        journal.record(Other(kind="note", data={"text": said}), task="PAY-05")
    with serve(small).client() as client:
        feed = ElementTree.fromstring(client.get(f"/{key_of(client)}/feed.atom").content)  # noqa: S314
    told = feed.findtext(f"{ATOM}entry/{ATOM}content")
    assert told is not None
    assert HOSTILE in told
    assert told.isprintable()


def test_the_feed_goes_on_where_a_page_ended(small: Place, serve: Serve) -> None:
    with Journal.open(small.journal_file) as journal:
        for number in range(230):
            journal.record(Other(kind="note", data={"n": number}))
    with serve(small).client() as client:
        key, before, told = key_of(client), "", []
        for _ in range(9):
            page = client.get(f"/{key}/feed.json{before}").json()
            told += [one["id"] for one in page["news"]]
            if page["before"] is None:
                break
            before = f"?before={page['before']}"
        else:
            pytest.fail("it goes on for ever")
    assert told == sorted(set(told), reverse=True)
    assert len(told) > 230


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/KEY/row/NOPE", 404),
        ("/KEY/nope", 404),
        ("/nope-123456/mission", 404),
        ("/KEY/mission?page=zero", 400),
        ("/KEY/feed?only=nothing", 400),
        ("/KEY/row/PAY-10?attempt=9", 400),
        ("/static/../app.py", 404),
        ("/static/%2e%2e%2fapp.py", 404),
        ("/docs", 404),
    ],
)
def test_what_is_not_there_is_said(client: httpx.Client, path: str, status: int) -> None:
    answer = client.get(path.replace("KEY", key_of(client)))
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_two_hundred_rows_fit_into_sixty_kilobytes(small: Place, serve: Serve) -> None:
    small.task_file.write_text(plan(more=200))
    with held(small), serve(small).client() as client:
        answer = client.get(f"/{key_of(client)}/mission")
        assert len(answer.content) <= _SENT
        assert 'rel="next"' in answer.text


def test_ten_thousand_rows_come_in_pages(small: Place, serve: Serve) -> None:
    small.task_file.write_text(plan(more=10_000))
    with serve(small).client() as client:
        first = client.get(f"/{key_of(client)}/mission")
        page = client.get(f"/{key_of(client)}/mission.json?page=3").json()
        last = client.get(f"/{key_of(client)}/mission.json?page=999999").json()
    assert len(first.content) <= _SENT
    assert sum(len(wave["lines"]) for wave in page["waves"]) == 100
    assert (page["page"], page["pages"], last["page"]) == (3, 101, 101)


def test_nothing_but_ages_changes_and_the_page_has_the_same_tag(client: httpx.Client) -> None:
    path = f"/{key_of(client)}/mission"
    first = client.get(path)
    same = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_a_page_has_another_tag_as_soon_as_the_mission_has_changed(
    small: Place, serve: Serve
) -> None:
    with serve(small).client() as client:
        path = f"/{key_of(client)}/mission"
        first = client.get(path)
        small.task_file.write_text(plan().replace("Amounts in minor units", "Sums in minor units"))
        second = client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert second.status_code == 200
        assert "Sums in minor units" in second.text


def test_a_mission_that_cannot_be_read_says_so_until_it_can(small: Place, serve: Serve) -> None:
    text = small.task_file.read_text()
    with serve(small).client() as client:
        key = key_of(client)
        small.task_file.unlink()
        for path in (f"/{key}/mission", f"/{key}/row/PAY-05", f"/{key}/feed.txt"):
            answer = client.get(path)
            assert answer.status_code in {404, 503}
            assert "TASKS.md" in answer.text
        assert "TASKS.md" in client.get("/").text
        small.task_file.write_text(text)
        assert client.get(f"/{key}/mission").status_code == 200


def test_several_missions_each_have_pages_of_their_own(small: Place, serve: Serve) -> None:
    other = make(small.folder.with_name("other"))
    with serve(small, other).client() as client:
        keys = [one["key"] for one in client.get("/missions.json").json()["missions"]]
        assert len(set(keys)) == 2
        for key in keys:
            assert client.get(f"/{key}/mission").status_code == 200


def test_a_secret_that_this_process_knows_is_on_no_page(
    small: Place, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYMENTS_TOKEN", 'hunter2&"<sesame')
    monkeypatch.setenv("OTHER_API_KEY", "plain-hunter-3")
    small.task_file.write_text(plan().replace("no floats", 'hunter2&"<sesame and plain-hunter-3'))
    log = small.logs / "PAY-06-1.log"
    log.write_text('uses plain-hunter-3 and hunter2&"<sesame\n')
    with serve(small).client() as client:
        key = key_of(client)
        for path in ("mission", "row/PAY-03", "row/PAY-06"):
            for ending in ("", ".json", ".txt"):
                told = client.get(f"/{key}/{path}{ending}").text
                assert "hunter" not in told
                assert "sesame" not in told
                assert "[secret]" in told


def test_the_graph_has_rows_in_layers_with_the_longest_chain(client: httpx.Client) -> None:
    page = client.get(f"/{key_of(client)}/graph.json").json()
    assert page["collapsed"] is False
    at = {node["id"]: node["x"] for node in page["nodes"]}
    for node in page["nodes"]:
        assert all(at[name] < node["x"] for name in node["before"])
    assert page["critical_path"] == [node["id"] for node in page["nodes"] if node["critical"]]
    (behind,) = [node["behind"] for node in page["nodes"] if node["id"] == "PAY-13"]
    assert behind == ["PAY-14", "PAY-15"]


def test_a_large_graph_is_of_milestones(small: Place, serve: Serve) -> None:
    small.task_file.write_text(plan(more=300))
    with serve(small).client() as client:
        key = key_of(client)
        page = client.get(f"/{key}/graph.json").json()
        assert page["collapsed"] is True
        assert [node["id"] for node in page["nodes"]][:3] == ["PAY-M1", "PAY-M4", "PAY-M2"]
        rows = client.get(f"/{key}/graph.json?milestone=PAY-M2").json()
        assert rows["nodes"][0]["id"] == "PAY-05"
        assert len(client.get(f"/{key}/graph?milestone=PAY-M5").content) < 150_000


def test_the_timeline_tells_working_from_waiting(client: httpx.Client) -> None:
    page = client.get(f"/{key_of(client)}/timeline.json").json()
    phases = {line["task"]: [one["phase"] for one in line["pieces"]] for line in page["lines"]}
    assert phases["PAY-05"] == ["working", "verifying", "merging", "gate", "merging"]
    assert phases["PAY-07"][-1] == "gate"
    assert phases["PAY-08"] == ["queued", "working", "verifying", "person"]
    assert phases["PAY-16"] == ["waiting"]
    for line in page["lines"]:
        for one in line["pieces"]:
            assert 0 <= one["left"] <= one["left"] + one["width"] <= 100.21


def test_costs_are_told_by_day_agent_milestone_and_row(client: httpx.Client) -> None:
    page = client.get(f"/{key_of(client)}/costs.json").json()
    for name in ("days", "agents", "milestones", "rows"):
        assert sum(line["spent_tokens"] for line in page[name]) == page["total"]["spent_tokens"]
    assert {line["name"] for line in page["agents"]} == {"sonnet", "codex", "opus", "haiku"}
    assert page["total"]["cost_usd"] > 0
