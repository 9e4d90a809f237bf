"""`mission graph`."""

from __future__ import annotations

import json

import pytest

from mission.place import Place
from tests.command import run


def test_waves(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "graph", str(place.folder)).splitlines() == [
        "WAVE  TASK  STATUS       ESTIMATE  DEPENDS ON",
        "   1  A-1   done               4K  —",
        "   1  B-1   needs-qa            —  —",
        "   1  B-2   blocked            3K  —",
        "   2  A-2   failed             2K  A-1",
        "   2  A-3   not-started        1K  A-1",
        "",
        "Critical path (3K tokens): B-2",
    ]


def test_a_chain_that_nobody_estimated_has_no_tokens(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    text = place.task_file.read_text(encoding="utf-8")
    for estimate in ("3K ", "2K ", "1K "):  # what is done keeps its own
        text = text.replace(f"| {estimate}", "| —  ")
    place.task_file.write_text(text)
    printed = run(capsys, "graph", str(place.folder))
    assert printed.splitlines()[-1] == "Longest chain (1 task): A-2"
    assert "tokens" not in printed


def test_json(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(run(capsys, "graph", str(place.folder), "--json"))
    assert data == json.loads(run(capsys, "graph", str(place.folder), "--format", "json"))
    assert data["waves"] == [["A-1", "B-1", "B-2"], ["A-2", "A-3"]]
    assert data["critical_path"] == ["B-2"]
    assert data["cycles"] == []
    assert data["tasks"][0]["dependents"] == ["A-2", "A-3"]


def test_mermaid(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    text = place.task_file.read_text(encoding="utf-8")
    place.task_file.write_text(text.replace("First", 'First "quoted" [x]; end'))
    lines = run(capsys, "graph", str(place.folder), "--format", "mermaid").splitlines()
    assert lines[:3] == [
        "flowchart LR",
        '    subgraph "A First #34;quoted#34; #91;x#93;#59; end"',
        '        t0["A-1"]:::done',
    ]
    assert "    t0 --> t1" in lines


def test_dot(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    text = place.task_file.read_text(encoding="utf-8")
    place.task_file.write_text(text.replace("First", 'First "quoted" \\'))
    lines = run(capsys, "graph", str(place.folder), "--format", "dot").splitlines()
    assert '        label="A First \\"quoted\\" \\\\";' in lines
    assert '    "A-1" -> "A-2";' in lines
    assert (lines[0], lines[-1]) == ("digraph mission {", "}")


def test_a_circle(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    text = place.task_file.read_text(encoding="utf-8")
    place.task_file.write_text(text.replace("feat/1 | —  ", "feat/1 | A-2"))
    printed = run(capsys, "graph", str(place.folder), code=1)
    assert "each of these waits for the next: A-1 → A-2 → A-1" in printed
