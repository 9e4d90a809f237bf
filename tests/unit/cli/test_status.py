"""`mission status`."""

from __future__ import annotations

import json
import os
import re
import socket

import pytest

from mission.journal import End, Journal
from mission.journal.kinds import WillConflict
from mission.place import Place
from tasks_md.model import STATUSES
from tasks_md.writer import StatusWriter
from tests.command import run


@pytest.fixture(autouse=True)
def _here(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place.folder)


def start(journal: Journal, task: str) -> int:
    number = journal.start_run(mission="trial", host="h", pid=1, pid_started=1.0)
    attempt = journal.start_attempt(
        run=number,
        task=task,
        agent="haiku",
        branch=None,
        base_commit=None,
        worktree=None,
        log=None,
        route="",
    )
    return attempt.id


def test_the_page(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    printed = run(capsys, "status", str(place.folder))
    assert printed.splitlines() == [
        "trial",
        "TASKS.md",
        "1 of 5 tasks done, 0 tokens spent, 10K estimated",
        "",
        "MILESTONE  PROGRESS         TOKENS  TITLE",
        "A          ███░░░░░░░ 1/3  0 of 7K  First",
        "B          ░░░░░░░░░░ 0/2  0 of 3K  Second",
        "",
        "Ready (1)  mission run",
        "  A-3  haiku 1K: Three",
        "",
        "Needs QA (1)  mission show B-1, then mission approve B-1",
        "  B-1  One",
        "",
        "Blocked (1)  mission unblock B-2, once the reason is gone",
        "  B-2  gate",
        "",
        "Failed (1)  mission retry A-2, or mission history A-2",
        "  A-2  Two",
    ]


def test_json(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    with Journal.open(place.journal_file) as journal:
        journal.end_attempt(start(journal, "A-1"), End.SUCCESS, input_tokens=900, output_tokens=100)
    data = json.loads(run(capsys, "status", str(place.folder), "--json"))
    assert list(data)[:5] == ["mission", "path", "milestones", "ready", "critical_path"]
    assert (data["mission"], data["ready"]) == ("trial", ["A-3"])
    assert data["path"] == str(place.task_file)
    first = data["milestones"][0]
    counts = dict.fromkeys(STATUSES, 0) | {"done": 1, "failed": 1, "not-started": 1}
    assert {key: value for key, value in first.items() if key != "tasks"} == {
        "id": "A",
        "title": "First",
        "issue": None,
        "placeholder": False,
        "counts": counts,
        "estimate_tokens": 7000,
        "spent_tokens": 1000,
    }
    assert first["tasks"][2] == {
        "id": "A-3",
        "status": "not-started",
        "description": "Three",
        "issue": None,
        "agent": "haiku",
        "branch": "feat/3",
        "depends_on": ["A-1"],
        "estimate_tokens": 1000,
        "notes": "",
        "line": 11,
        "ready": True,
        "waiting_on": [],
        "spent_tokens": 0,
        "since": None,
        "waits": [
            {
                "on": "run",
                "why": "no run is at work",
                "names": [],
                "since": None,
                "until": None,
                "hint": "mission run",
            }
        ],
    }
    assert [need["task"] for need in data["people"]] == ["A-2", "B-1", "B-2"]
    assert data["run"]["alive"] is False


def test_what_is_under_way(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    text = place.task_file.read_text(encoding="utf-8")
    place.task_file.write_text(text.replace("| A-3 | not-started |", "| A-3 | in-progress |"))
    with Journal.open(place.journal_file) as journal:
        attempt = start(journal, "A-3")
        for other, files in (("A-2", ("x.py", "y.py")), ("A-1", ("z",))):
            warning = WillConflict(other=other, files=files)
            journal.record(warning, task="A-3", attempt=attempt)
    writer = StatusWriter(place.task_file, lock_dir=place.state_dir)
    with writer:
        printed = run(capsys, "status", str(place.folder))
    assert f"A run is under way: process {os.getpid()} on {socket.gethostname()}" in printed
    assert "A-2 and A-3 will conflict: both change x.py, y.py" in printed
    assert "A-1 and A-3" not in printed
    assert "  A-3  haiku, attempt 1 since " in printed
    printed = run(capsys, "status", str(place.folder))
    assert "under way" not in printed
    assert "No run is at work: `mission run` carries on" in printed


def test_a_pause(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert "paused" not in run(capsys, "status", str(place.folder))
    run(capsys, "pause", str(place.folder), "--reason", "release day")
    printed = run(capsys, "status", str(place.folder))
    assert re.search(
        r"Since (\S+ )?\d\d:\d\d paused by \S+: release day; `mission\s+unpause`", printed
    )
    run(capsys, "unpause", str(place.folder))
    assert "paused" not in run(capsys, "status", str(place.folder))


def test_errors_in_the_file_are_counted(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    text = place.task_file.read_text(encoding="utf-8")
    place.task_file.write_text(text.replace("| haiku  | feat/3 | A-1 ", "| haiku  | feat/3 | A-9 "))
    printed = run(capsys, "status", str(place.folder))
    assert "1 error in the file: `mission check` tells where" in printed
    assert "A-3  cannot run: depends on A-9, which is no task or milestone here" in printed


def test_eighty_columns_are_enough(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    text = place.task_file.read_text(encoding="utf-8")
    long = (
        text.replace("Three", "Drei " * 60)
        .replace("gate ", "reason " * 40)
        .replace("One", "一" * 99)
    )
    place.task_file.write_text(long.replace("First", "A title of many words " * 8))
    printed = run(capsys, "status", str(place.folder))
    lines = printed.splitlines()
    assert max(len(line) + line.count("一") for line in lines) <= 80
    assert printed.count("reason") == 40 + 1


def test_many_rows_do_not_bury_the_rest(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    head = "## M (M)\n\n| id | status | description |\n|-|-|-|\n"
    rows = "".join(f"| T-{n} | not-started | x |\n" for n in range(500))
    place.task_file.write_text(head + rows)
    printed = run(capsys, "status", str(place.folder)).splitlines()
    assert printed[-1] == "  … and 490 more"
    assert len(printed) < 20


def test_a_hostile_cell_does_not_act_on_the_terminal(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    text = place.task_file.read_text(encoding="utf-8")
    place.task_file.write_text(text.replace("Three", "\x1b[2J\u202egone"))
    printed = run(capsys, "status", str(place.folder))
    assert "\x1b" not in printed
    assert "\\x1b[2J" in printed


def test_watch_and_json_do_not_go_together(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = run(capsys, "status", str(place.folder), "--watch", "--json", code=2)
    assert "--watch and --json do not go together" in printed


def test_a_file_that_is_not_there(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    printed = run(capsys, "status", str(place.folder / "nowhere"), code=2)
    assert "no such file" in printed


def test_the_name_and_words_of_mission_yaml(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.config_file.write_text("mission: renamed\nstatuses: {later: not-started}\n")
    text = place.task_file.read_text(encoding="utf-8")
    place.task_file.write_text(text.replace("not-started", "later      "))
    data = json.loads(run(capsys, "status", str(place.folder), "--json"))
    assert (data["mission"], data["ready"]) == ("renamed", ["A-3"])
