"""`mission run --dry-run` where nothing would be dispatched: it says why."""

from __future__ import annotations

import json

import pytest

from mission.place import Place
from tests.command import run


def test_why_no_row_is_ready(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    text = place.task_file.read_text(encoding="utf-8")
    text = text.replace(
        "not-started | Three       | —     | haiku  | feat/3 | A-1 ",
        "not-started | Three       | —     | haiku  | feat/3 | A-2 ",
    )
    place.task_file.write_text(text)
    before = place.task_file.read_bytes()
    assert run(capsys, "run", "--dry-run", str(place.folder)).splitlines() == [
        "Nothing would be dispatched: no row is ready.",
        "  A-2 is failed: mission retry A-2",
        "  A-3 waits for A-2",
        "  B-1 is needs-qa: mission approve B-1",
        "  B-2 is blocked: mission unblock B-2",
    ]
    asked = ("run", "--dry-run", "--json", "--task", "A-3", str(place.folder))
    assert json.loads(run(capsys, *asked)) == {
        "dispatch": [],
        "held_back": {"A-3": "waits for A-2"},
    }
    assert place.task_file.read_bytes() == before


def test_a_row_is_told_in_one_line(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.config_file.write_text(
        "qa: [{match: {id: A-3}}]\nreview: [{match: {id: A-3}, by: [sonnet]}]\n"
        "agents: {haiku: {type: fake, where: worker, pool: big}}\n"
    )
    said = run(capsys, "run", "--dry-run", "--task", "A-3", str(place.folder)).splitlines()
    assert said[0] == (
        " 1. A-3  by haiku (the row names it), branch feat/3; where: workers of the pool big; "
        "prepare: nothing; verify: nothing; review: sonnet; qa: a person; gates: none"
    )


def test_everything_is_done(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("run", "--dry-run", "--task", "A-1", str(place.folder))
    assert run(capsys, *asked) == "Nothing would be dispatched: every row is done.\n"


def test_a_file_with_errors_is_refused_as_a_run_does(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    text = place.task_file.read_text(encoding="utf-8")
    place.task_file.write_text(text.replace("| A-1        | 1K", "| A-9        | 1K"))
    said = run(capsys, "run", "--dry-run", str(place.folder), code=2)
    assert "depends on A-9" in said
