"""`mission forecast`."""

from __future__ import annotations

import json
from datetime import date, datetime, time

import pytest

from cli.forecast import _moment
from errors import UsageError
from mission.journal import Journal
from mission.journal.kinds import ForecastMade
from mission.place import Place
from tests.command import answer, run
from tests.unit.orchestrator.in_memory import table

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


def _cycle(place: Place) -> str:
    text = table(("R-1", ""), ("R-2", "R-3"), ("R-3", "R-2"), ("R-4", "R-3"))
    place.task_file.write_text(text.replace("| worker |", "| sonnet |"))
    return str(place.task_file)


def test_a_mission_that_cannot_be_done_has_no_end_and_fails(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _cycle(place)
    told = run(capsys, "forecast", path, *_FEW, "--by", "2050-01-01", code=1)
    assert "in 100% of the plays a row is never done" in told
    assert "`mission check" in told
    printed = answer(capsys, "forecast", path, *_FEW, code=1)
    assert "—" in printed
    said = json.loads(answer(capsys, "forecast", path, *_FEW, "--json", code=1))
    assert (said["ok"], said["done"], said["left"]) == (False, False, 1.0)
    assert said["finish"] == {"p50": None, "p80": None, "p95": None}
    assert said["stuck"] == ["R-2", "R-3"]
    ends = {row["id"]: row["finish"]["p50"] for row in said["rows"]}
    assert ends.pop("R-1") is not None
    assert ends == {"R-2": None, "R-3": None, "R-4": None}
    place.task_file.write_text(table(("R-2", "R-3"), ("R-3", "R-2")))
    assert not json.loads(answer(capsys, "forecast", path, *_FEW, "--json", code=1))["done"]


def test_what_is_done_is_not_late(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.task_file.write_text(table(("R-1", ""), status="done"))
    asked = ("--by", "2020-01-01", "--usd", "0")
    said = run(capsys, "forecast", str(place.task_file), *_FEW, *asked)
    assert "no row is open" in said


@pytest.mark.parametrize("text", ["2026-11-28", "20261128", "2026-W48-6"])
def test_a_date_means_its_end_however_it_is_written(text: str) -> None:
    assert _moment(text).astimezone() == datetime.combine(date(2026, 11, 28), time.max).astimezone()


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31", "9999-12-31T23:00-05:00"])
def test_a_date_that_does_not_exist_in_all_zones_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="reckoned"):
        _moment(text)


def test_who_is_to_be_swapped_has_to_be_known(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(place.task_file)
    for swap in ("sonet=codex", "codex=sonet"):
        said = run(capsys, "forecast", path, *_FEW, "--agent", swap, code=2)
        assert "'sonet'" in said
        assert "Did you mean sonnet?" in said


def test_a_cost_that_nobody_knows_is_no_answer(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.task_file.write_text(table(("R-1", "")))
    settings = "agents:\n  worker:\n    type: command\n    run: ['true']\n"
    place.config_file.write_text(settings)
    path = str(place.task_file)
    said = run(capsys, "forecast", path, *_FEW, "--usd", "40", code=2)
    assert "no price is known of worker" in said
    assert "$0.00" not in run(capsys, "forecast", path, *_FEW)
    prices = "budget:\n  prices:\n    worker: {input: 0, cached: 0, output: 0}\n"
    place.config_file.write_text(settings + prices)
    assert "$0.00" in run(capsys, "forecast", path, *_FEW, "--usd", "40")
    assert "is no amount" in run(capsys, "forecast", path, *_FEW, "--usd", "nan", code=2)
