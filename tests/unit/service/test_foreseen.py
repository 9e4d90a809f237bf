"""Forecasts beside the pages: one that says nothing else is nothing that anybody is told of."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from forecast.making import Finish, Forecast
from mission.place import Place
from service.forecast import read_forecast
from service.foreseen import Forecasts, says_the_same
from tests.unit.orchestrator.in_memory import table


def later(finish: Finish, by: timedelta) -> Finish:
    def moved(when: datetime | None) -> datetime | None:
        return None if when is None else when + by

    return Finish(p50=moved(finish.p50), p80=moved(finish.p80), p95=moved(finish.p95))


def test_a_forecast_says_the_same_where_nothing_differs_by_more_than_a_twentieth(
    place: Place,
) -> None:
    made = read_forecast(place, plays=20)
    assert made.finish.p50 is not None
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


def _place(folder: Path) -> Place:
    folder.mkdir()
    (folder / "TASKS.md").write_text(table(("R-1", "")).replace("| worker |", "| sonnet |"))
    return Place.find(str(folder))


class _Maker:
    """Makes forecasts, fails where it is told to, and says of which missions it was asked."""

    def __init__(self, *broken: Place) -> None:
        self.broken = broken
        self.asked: list[Place] = []
        self.made = threading.Semaphore(0)

    def __call__(self, place: Place, _over: Callable[[float], bool]) -> Forecast:
        self.asked.append(place)
        if place in self.broken:
            raise OSError(5, "Input/output error")
        return read_forecast(place, plays=2)


def test_what_fails_in_one_mission_ends_no_forecast_of_another(tmp_path: Path) -> None:
    bad, good = _place(tmp_path / "bad"), _place(tmp_path / "good")
    maker, said = _Maker(bad), list[str]()
    forecasts = Forecasts(say=said.append, on_made=maker.made.release, make=maker)
    try:
        for place in (bad, good):
            forecasts.newest(place, 1)
        for _ in range(2):
            assert maker.made.acquire(timeout=60)
        assert forecasts.newest(bad, 1) is None
        assert forecasts.newest(good, 1) is not None
        assert len(said) == 1
        assert "Input/output error" in said[0]
    finally:
        forecasts.close()


def test_a_mission_that_waits_lets_another_go_before(tmp_path: Path) -> None:
    first, second = _place(tmp_path / "first"), _place(tmp_path / "second")
    maker = _Maker()
    # By this clock no time passes: the first mission never comes to its second turn.
    waits = threading.Event()

    def clock() -> float:
        if len(maker.asked) == 1:
            waits.set()
        return 1.0

    forecasts = Forecasts(
        say=lambda _text: None, on_made=maker.made.release, make=maker, clock=clock
    )
    try:
        forecasts.newest(first, 1)
        assert maker.made.acquire(timeout=60)
        waits.clear()
        forecasts.newest(first, 2)
        assert waits.wait(60)  # it looks how long it has to wait
        forecasts.newest(second, 1)
        assert maker.made.acquire(timeout=20)
        assert maker.asked == [first, second]
    finally:
        forecasts.close()
