"""`mission next`."""

from __future__ import annotations

import json

import pytest

from cli.main import main
from mission.place import Place
from tests.command import run


def test_ready_tasks_in_dispatch_order(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    text = place.task_file.read_text(encoding="utf-8")
    place.task_file.write_text(text.replace("failed     ", "not-started"))
    printed = run(capsys, "next", str(place.folder)).splitlines()
    assert printed == [
        "TASK  AGENT   ESTIMATE  CHAIN  BRANCH  DESCRIPTION",
        "A-2   sonnet        2K     2K  feat/2  Two",
        "A-3   haiku         1K     1K  feat/3  Three",
    ]


def test_without_estimates_no_chain_has_a_length_in_tokens(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    text = place.task_file.read_text(encoding="utf-8")
    for estimate in ("3K ", "2K ", "1K "):
        text = text.replace(f"| {estimate}", "| —  ")
    place.task_file.write_text(text)
    assert run(capsys, "next", str(place.folder)).splitlines()[1:] == [
        "A-3   haiku         —      —  feat/3  Three"
    ]


def test_json(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(run(capsys, "next", str(place.folder), "--json"))
    assert list(data) == ["mission", "path", "ready", "tasks"]
    assert data["ready"] == ["A-3"]
    assert data["tasks"][0]["id"] == "A-3"
    assert data["tasks"][0]["chain_tokens"] == 1000


def test_nothing_is_ready(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    text = place.task_file.read_text(encoding="utf-8")
    place.task_file.write_text(text.replace("not-started", "in-progress"))
    assert run(capsys, "next", str(place.folder)) == ""


def test_no_task_at_all(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.task_file.write_text("")
    with pytest.raises(SystemExit):
        main(["next", str(place.folder)])
    assert capsys.readouterr().err == "There are no tasks.\n"
