"""Forecasts beside the pages: one that says nothing else is nothing that anybody is told of."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

from forecast.making import Finish, Forecast
from mission.place import Place
from service.forecast import read_forecast
from service.foreseen import Forecasts, says_the_same


def later(finish: Finish, by: timedelta) -> Finish:
    return Finish(p50=finish.p50 + by, p80=finish.p80 + by, p95=finish.p95 + by)


def test_a_forecast_says_the_same_where_nothing_differs_by_more_than_a_twentieth(
    place: Place,
) -> None:
    made = read_forecast(place, plays=20)
    left = made.finish.p50 - made.now
    assert left > timedelta(minutes=5)

    def with_rows_later(by: timedelta) -> Forecast:
        return replace(
            made, rows=tuple(replace(row, finish=later(row.finish, by)) for row in made.rows)
        )

    assert says_the_same(None, None)
    assert not says_the_same(None, made)
    assert not says_the_same(made, None)
    assert says_the_same(made, replace(made, now=made.now + timedelta(seconds=9), seed=9))
    assert says_the_same(made, with_rows_later(timedelta(seconds=50)))
    assert not says_the_same(made, with_rows_later(left))
    assert not says_the_same(made, replace(made, rows=made.rows[1:]))
    assert not says_the_same(made, replace(made, seen=1))  # it was a guess
    moved = replace(made, finish=later(made.finish, left))
    assert not says_the_same(made, moved)


def test_a_forecast_changes_the_version_of_its_mission_alone_and_only_where_it_says_else(
    place: Place, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "TASKS.md").write_text(place.task_file.read_text())
    beside = Place.find(str(other))
    told, said, moments = threading.Event(), list[str](), count(1, 1000)
    forecasts = Forecasts(say=said.append, on_made=told.set, clock=lambda: float(next(moments)))

    def made_for(mark: object) -> int:
        told.clear()
        forecasts.newest(place, mark)
        assert told.wait(60), said
        return forecasts.version(place)

    try:
        assert forecasts.version(place) == 0
        assert made_for("first") == 1
        assert made_for("the same rows") == 1
        place.task_file.write_text(place.task_file.read_text().replace("2K", "900K"))
        assert made_for("more to do") == 2
        assert forecasts.version(beside) == 0
    finally:
        forecasts.close()
