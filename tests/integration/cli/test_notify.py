"""`mission notify` and `mission digest`, with receivers on loopback; what keeps a run going on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mission.place import Place
from orchestrator.notifying.beside import LOG
from orchestrator.ports.display import RecordingDisplay
from tests.command import answer, run
from tests.receivers import WebReceiver, web_receiver
from tests.scratch import Scratch, make, row

HOOK: dict[str, object] = {
    "type": "webhook",
    "name": "hook",
    "shape": "slack",
    "address_env": "HOOK",
}


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebReceiver]:
    with web_receiver() as one:
        monkeypatch.setenv("HOOK", one.url())
        yield one


def mission(folder: Path, *to: dict[str, object]) -> Scratch:
    rows = [row("A", status="blocked", notes="no key"), row("B", status="done")]
    return make(folder, rows, config={"notify": {"to": [HOOK, *to]}})


def test_a_trial_says_of_each_receiver_what_came_of_it(
    tmp_path: Path, receiver: WebReceiver, capsys: pytest.CaptureFixture[str]
) -> None:
    away: dict[str, object] = {
        "type": "apprise",
        "name": "phone",
        "schemes": ["ntfy"],
        "address_env": "NOT_SET",
    }
    scratch = mission(tmp_path, away)
    told = answer(capsys, "notify", "test", str(scratch.task_file), code=1)
    assert "hook: told, in " in told
    assert "phone: not told: address_env: the variable NOT_SET is not set" in told
    assert "this is how you will be told" in receiver.posted[0].data["text"]
    told = answer(capsys, "notify", "test", str(scratch.task_file), "--to=hook", "--json", code=0)
    assert [one["name"] for one in json.loads(told)["receivers"]] == ["hook"]
    unknown = run(capsys, "notify", "test", str(scratch.task_file), "--to=nobody", code=2)
    assert "There are: hook, phone" in unknown


def test_a_digest_says_what_is_stuck_and_can_be_sent(
    tmp_path: Path, receiver: WebReceiver, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch = mission(tmp_path)
    printed = run(capsys, "digest", str(scratch.task_file), "--send")
    assert "1 of 2 rows done; no run is at work." in printed
    assert "  A blocked: no key\n    Type: mission unblock A" in printed
    (posted,) = receiver.posted
    assert "A blocked: no key" in posted.data["text"]
    data = json.loads(run(capsys, "digest", str(scratch.task_file), "--json"))
    assert [one["task"] for one in data["stuck"]] == ["A"]
    assert (data["rows"], data["rows_done"]) == (2, 1)


def test_a_run_goes_on_where_nobody_can_be_told(tmp_path: Path, receiver: WebReceiver) -> None:
    scratch = make(tmp_path, [row("A")], config={"notify": {"to": [HOOK]}})
    (Place.find(str(scratch.task_file)).keep_state() / LOG).mkdir()  # so it cannot even begin
    display = RecordingDisplay()
    assert scratch.run(display=display).counts == {"done": 1}
    assert any("who tells people cannot begin" in line for line in display.said)
