"""`mission forecast`."""

from __future__ import annotations

import json

import pytest

from mission.journal import Journal
from mission.journal.kinds import ForecastMade
from mission.place import Place
from tests.command import run

_FEW = ("--plays", "20")


def test_without_a_journal_it_says_that_it_guesses(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    said = run(capsys, "forecast", str(place.task_file), *_FEW)
    assert "A guess" in said
    assert "P50" in said
    assert all(len(line) <= 80 for line in said.splitlines())


def test_it_fails_where_p80_is_beyond_what_was_asked_for(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(place.task_file)
    assert "Late" in run(capsys, "forecast", path, *_FEW, "--by", "2001-01-01", code=1)
    assert "Dear" in run(capsys, "forecast", path, *_FEW, "--tokens", "1", code=1)
    said = json.loads(run(capsys, "forecast", path, *_FEW, "--by", "2999-01-01", "--json"))
    assert said["ok"]
    assert said["guess"]
    assert said["finish"]["p50"] <= said["finish"]["p80"] <= said["finish"]["p95"]


def test_what_it_cannot_understand_is_told(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(place.task_file)
    assert "names no two agents" in run(capsys, "forecast", path, "--agent", "sonnet", code=2)
    assert "is no date" in run(capsys, "forecast", path, "--by", "soon", code=2)
    assert "Z-99" in run(capsys, "forecast", path, "--without", "Z-99", code=2)


def test_it_tells_how_forecasts_of_runs_held(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(place.task_file)
    assert "No forecast of an earlier run" in run(capsys, "forecast", path, *_FEW)
    with Journal.open(place.journal_file) as journal:
        journal.record(
            ForecastMade(
                p50=1.0, p80=2.0, p95=3.0, tokens=1, usd=0.0, plays=9, seen=0, rows=("A-1",)
            )
        )
    said = json.loads(run(capsys, "forecast", path, *_FEW, "--json"))
    assert len(said["track"]["forecasts"]) == 1
