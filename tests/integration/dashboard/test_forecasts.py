"""Forecasts on the pages: made beside them, shown once they are there, and bounded."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

from dashboard.missions import Missions
from dashboard.pages.page import Query
from dashboard.pages.timeline import timeline_page
from dashboard.revisions import Revisions
from dashboard.site import Asked, Site
from mission.journal import Journal
from mission.journal.kinds import ForecastMade
from service.forecast import read_forecast
from service.foreseen import Forecasts
from tests.shown_mission import make
from tests.unit.orchestrator.in_memory import table


def test_the_mission_page_has_the_band_of_each_milestone_once_it_is_made(tmp_path: Path) -> None:
    place = make(tmp_path)
    missions = Missions.of([place])
    (key,) = missions
    told, said = threading.Event(), list[str]()
    forecasts = Forecasts(say=said.append, on_made=told.set)
    revisions = Revisions(missions, lambda shown: forecasts.version(place))
    site = Site(missions, revisions, forecasts=forecasts)
    try:
        asked = Asked(name="mission", key=key)
        first = site.answer(asked).rendered.body.decode()  # nothing is waited for
        assert "p50 to p80" not in first
        word = revisions.of(missions[key])
        assert told.wait(60), said
        assert revisions.of(missions[key]) != word  # so that open pages are told
        assert "Done, p50 to p80" in site.answer(asked).rendered.body.decode()
        timeline = site.answer(Asked(name="timeline", key=key)).rendered.body.decode()
        assert 'class="p-forecast"' in timeline
        made = forecasts.version(place)
        site.answer(asked)
        assert forecasts.version(place) == made  # nothing differs: no other one is made
    finally:
        forecasts.close()


def test_what_is_to_come_is_drawn_right_of_now(tmp_path: Path) -> None:
    place = make(tmp_path)
    (shown,) = Missions.of([place]).values()
    forecast = read_forecast(place, plays=20)
    page = timeline_page(place, shown.standings.current(), Query(), forecast)
    assert page.now is not None
    coming = [line.expected for line in page.lines if line.expected is not None]
    assert {line.task for line in page.lines if line.expected} == {row.id for row in forecast.rows}
    for one in coming:
        assert one.left >= page.now.left
        assert one.left + one.width + one.more <= 100.5
        assert one.begin <= one.p50 + timedelta(seconds=1)
        assert one.p80 is not None
        assert one.p50 <= one.p80


def test_the_costs_page_tells_how_forecasts_held(tmp_path: Path) -> None:
    place = make(tmp_path)
    with Journal.open(place.journal_file) as journal:
        journal.record(
            ForecastMade(
                p50=60.0, p80=90.0, p95=120.0, tokens=1, usd=0.0, plays=9, seen=3, rows=("PAY-01",)
            )
        )
    missions = Missions.of([place])
    (key,) = missions
    body = Site(missions, Revisions(missions)).answer(Asked(name="costs", key=key))
    text = body.rendered.body.decode()
    assert "Forecasts, and how they held" in text
    assert "1m30s" in text


def test_a_mission_that_cannot_be_done_is_shown_as_such(tmp_path: Path) -> None:
    place = make(tmp_path)
    circle = table(("R-1", ""), ("R-2", "R-3"), ("R-3", "R-2"))
    place.task_file.write_text(circle.replace("| worker |", "| sonnet |"))
    missions = Missions.of([place])
    (key,) = missions
    told, said = threading.Event(), list[str]()
    forecasts = Forecasts(say=said.append, on_made=told.set)
    site = Site(missions, Revisions(missions), forecasts=forecasts)
    try:
        site.answer(Asked(name="mission", key=key))
        assert told.wait(60), said
        assert (
            "never, as it stands"
            in site.answer(Asked(name="mission", key=key)).rendered.body.decode()
        )
        assert site.answer(Asked(name="timeline", key=key)).status == 200
    finally:
        forecasts.close()
