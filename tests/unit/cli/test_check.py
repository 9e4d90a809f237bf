"""`mission check`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mission.place import Place
from tests.command import answer, run


@pytest.fixture(autouse=True)
def agents_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan's agents are not missing here, whatever machine this is."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("claude", "codex"):
        (programs / name).touch(mode=0o700)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")


def break_it(place: Place) -> None:
    text = place.task_file.read_text(encoding="utf-8")
    place.task_file.write_text(text.replace("feat/3 | A-1 ", "feat/2 | A-9 "))


def test_a_good_file(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "check", str(place.folder)) == "no errors, no warnings\n"


def test_findings_for_people(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.folder)
    break_it(place)
    assert answer(capsys, "check", code=1).splitlines() == [
        "TASKS.md:11:54: error: branch-in-use",
        "    branch feat/2 belongs to A-2, which is open too",
        "    Give each open task a branch of its own",
        "TASKS.md:11:63: error: missing-dependency",
        "    depends on A-9, which is no task or milestone here",
        "    Did you mean A-3?",
        "2 errors, no warnings",
    ]


def test_json(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    break_it(place)
    data = json.loads(answer(capsys, "check", str(place.folder), "--json", code=1))
    assert list(data) == ["ok", "errors", "warnings", "findings"]
    assert (data["ok"], data["errors"], data["warnings"]) == (False, 2, 0)
    assert data["findings"][1] == {
        "rule": "missing-dependency",
        "severity": "error",
        "path": str(place.task_file),
        "line": 11,
        "column": 63,
        "message": "depends on A-9, which is no task or milestone here",
        "hint": "Did you mean A-3?",
        "task": "A-3",
    }


def test_warnings_count_where_asked(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    text = place.task_file.read_text(encoding="utf-8")
    place.task_file.write_text(text.replace("| 4K ", "| XL "))
    assert "no errors, 1 warning" in run(capsys, "check", str(place.folder))
    assert "1 warning" in answer(capsys, "check", str(place.folder), "--strict", code=1)


def test_several_files(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.md"
    other.write_text("nothing\n")
    paths = str(place.task_file), str(other)
    data = json.loads(answer(capsys, "check", *paths, "--json", code=1))
    assert [finding["path"] for finding in data["findings"]] == [str(other)]


def test_mission_yaml_is_read_too(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.config_file.write_text("colour: red\n")
    assert "colour" in answer(capsys, "check", str(place.folder), code=1)
