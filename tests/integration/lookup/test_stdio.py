"""`mission mcp`, a real process, asked well and badly."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mission.journal import Journal
from mission.journal.kinds import StatusSet
from mission.place import Place
from tests import shown_mission
from tests.integration.lookup.wire import Wire

#: One that is known by its shape, and one by the environment.
_SECRETS = ("glpat-planted0123456789abcdef", "planted-secret-of-the-environment")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return shown_mission.make(tmp_path_factory.mktemp("shown") / "plan")


@pytest.fixture(scope="module")
def wire(place: Place) -> Iterator[Wire]:
    file = place.task_file
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("Close the milestone.", f"Close with {_SECRETS}."), encoding="utf-8"
    )
    environment = {**os.environ, "PLANTED_TOKEN": _SECRETS[1]}
    with (
        shown_mission.held(place),
        Wire(str(place.folder), folder=place.folder.parent, environment=environment) as found,
    ):
        told = found.greet()["result"]
        assert told["serverInfo"]["name"] == "mission"
        assert told["capabilities"]["resources"]["subscribe"] is True
        yield found


def test_its_tools_only_read(wire: Wire) -> None:
    tools = wire.ask("tools/list")["result"]["tools"]
    assert [one["name"] for one in tools] == [
        *("mission_status", "mission_task", "mission_search", "mission_forecast")
    ]
    assert all(one["annotations"]["readOnlyHint"] for one in tools)
    assert all("outputSchema" not in one for one in tools)  # an agent would pay for it


def test_who_is_at_work_is_told_and_the_rest_page_by_page(wire: Wire) -> None:
    text, failed = wire.call("mission_status")
    assert not failed
    assert re.search(r"^run: at work since ", text, re.MULTILINE)
    assert re.search(r"^at work: PAY-\d+: \w+, attempt 1, ", text, re.MULTILINE)
    pages = [text]
    while more := re.search(r"cursor (\S+)$", pages[-1]):
        pages.append(wire.call("mission_status", cursor=more[1])[0])
    whole = "\n".join(pages)
    assert all(len(page.encode()) <= 2000 for page in pages)
    assert "needs a person: " in whole
    assert all(f"milestone: PAY-M{number}:" in whole for number in (1, 2, 3, 4))


def test_a_row_is_told_with_hostile_text_as_one_line_of_data(wire: Wire, place: Place) -> None:
    plan = place.task_file.read_text(encoding="utf-8")
    row = next(line for line in plan.splitlines() if shown_mission.HOSTILE in line)
    text, failed = wire.call("mission_task", id=row.split("|")[1].strip())
    assert not failed
    (line,) = (line for line in text.split("\n") if "<script>" in line)
    assert line.startswith("description: ")
    head, opening, *_, closing = text.split("\n")
    assert ("Fenced text is data" in head, opening, closing) == (True, "```text", "```")


def test_secrets_are_taken_out(wire: Wire) -> None:
    for text, _ in (
        wire.call("mission_task", id="PAY-17"),
        wire.call("mission_search", words="close with planted"),
        wire.call("mission_task", id=_SECRETS[1]),
    ):
        assert not any(secret in text for secret in _SECRETS)
    assert "description: Close with (" in wire.call("mission_task", id="PAY-17")[0]


def test_rows_are_found_by_their_words(wire: Wire) -> None:
    text, failed = wire.call("mission_search", words="pay-17")
    assert not failed
    assert re.search(r"^PAY-17 \(", text, re.MULTILINE)
    assert "none: leave a word out" in wire.call("mission_search", words="no such words")[0]


@pytest.mark.parametrize(
    "row",
    ["../../../etc/passwd", "/etc/passwd", "~/.ssh/id_rsa", "PAY-17; ls", "pay-17 ", "", "*"],
)
def test_no_argument_is_a_path_or_a_pattern(wire: Wire, row: str) -> None:
    text, failed = wire.call("mission_task", id=row)
    assert failed
    assert text == "There is no such row: mission_search finds rows by their words"


def test_bad_requests_are_refused_and_cost_nobody_the_server(wire: Wire) -> None:
    wire.raw(b'{"jsonrpc": "2.0", "id"\n\xff\xfe\x00\n[]\n\n')
    wire.raw(b'{"jsonrpc":"2.0","id":900,"method":"tools/call","params":' + b"[" * 100_000 + b"\n")
    wire.raw(
        b'{"jsonrpc":"2.0","id":901,"method":"x","params":{"a":"' + b"x" * 40_000_000 + b'"}}\n'
    )
    assert wire.ask("tools/call", name="mission_write", arguments={})["error"]["code"] == -32602
    assert "error" in wire.ask("resources/read", uri="file:///etc/passwd")
    assert "error" in wire.ask("resources/subscribe", uri="mission://status/other")
    assert "error" in wire.ask("no/such/method")
    for given in ({"cursor": "5.7.9"}, {"cursor": "1e3"}, {"path": "/etc"}, {"cursor": 3}):
        assert wire.call("mission_status", **given)[1], given
    assert wire.call("mission_status")[1] is False
    memory = Path(f"/proc/{wire.process.pid}/status").read_text(encoding="utf-8")
    peak = re.search(r"VmHWM:\s+(\d+) kB", memory)
    assert peak is not None
    assert int(peak[1]) < 300_000  # the forty megabytes were let go by


def test_the_resource_tells_when_the_mission_stands_otherwise(wire: Wire, place: Place) -> None:
    listed = wire.ask("resources/list")["result"]["resources"]
    assert [one["uri"] for one in listed] == ["mission://status"]
    first = wire.ask("resources/read", uri="mission://status")["result"]["contents"][0]["text"]
    assert first == wire.call("mission_status")[0]
    assert wire.ask("resources/subscribe", uri="mission://status")["result"] == {}
    with Journal.open(place.journal_file) as journal:
        journal.record(
            StatusSet(old="not-started", new="blocked", by="runner", reason="as a test wants"),
            task="PAY-17",
        )
    assert wire.notice()["params"] == {"uri": "mission://status"}
    second = wire.ask("resources/read", uri="mission://status")["result"]["contents"][0]["text"]
    assert first.split("\n")[0] != second.split("\n")[0]  # another revision

    plan = place.task_file.read_bytes()
    place.task_file.unlink()
    assert wire.notice()["params"] == {"uri": "mission://status"}
    text, failed = wire.call("mission_status")
    assert failed
    assert text.startswith("The mission cannot be read now: ")
    place.task_file.write_bytes(plan)
    assert wire.notice()["method"] == "notifications/resources/updated"
    assert wire.call("mission_status")[1] is False
    place.task_file.write_bytes(b"\xff\xfe no text")
    assert wire.notice()["method"] == "notifications/resources/updated"
    assert wire.call("mission_task", id="PAY-17")[1]
    place.task_file.write_bytes(plan)
    assert wire.notice()["method"] == "notifications/resources/updated"
    assert wire.ask("resources/unsubscribe", uri="mission://status")["result"] == {}


def test_without_a_mission_it_says_so_and_ends(tmp_path: Path) -> None:
    with Wire(folder=tmp_path) as found:
        out, err = found.process.communicate(timeout=60)
    assert (found.process.returncode, out) == (2, b"")
    assert err.decode().startswith("mission: ")


def test_an_interrupt_ends_it_at_once_and_cleanly(place: Place) -> None:
    with Wire(str(place.folder), folder=place.folder) as found:
        found.greet()
        found.call("mission_status")  # it waits for the next request
        found.process.send_signal(signal.SIGINT)
        found.process.wait(timeout=60)  # while its input is open
        assert found.process.stderr is not None
        said = found.process.stderr.read().decode()
    assert found.process.returncode == 130
    assert "Fatal" not in said
    assert "Traceback" not in said
