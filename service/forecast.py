"""When the mission will be done and what it will cost, as far as plan and journal let it be told.

    found = read_forecast(Place.find(None))
    found.finish.p80          # an aware datetime, by which four of five plays are done, or None
    found.milestones[0]       # the same of each milestone that has open rows
    forecast_data(found)      # what `mission forecast --json` prints

It reads, and asks nobody; it takes about a second of one processor, so a page asks for it apart.
What runs forecast as they began, and how that held, is `read_track`: that takes no plays.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from forecast.making import (
    PLAYS,
    Finish,
    Forecast,
    MilestoneForecast,
    RowForecast,
    make_forecast,
)
from forecast.outcome import Band
from forecast.setting import WhatIf
from forecast.staging import History
from forecast.track import KeptForecast, Track, track_of
from mission.clock import utc_now
from mission.config import load_config
from mission.journal.look import look
from mission.place import Place
from mission.plan import read_plan
from service.books import Books
from tasks_md.holder import holder
from tasks_md.model import Plan

__all__ = [
    "PLAYS",
    "Band",
    "Finish",
    "Forecast",
    "KeptForecast",
    "MilestoneForecast",
    "RowForecast",
    "Track",
    "WhatIf",
    "forecast_data",
    "read_forecast",
    "read_track",
    "track_data",
]


def read_forecast(
    place: Place,
    *,
    what_if: WhatIf | None = None,
    plays: int = PLAYS,
    now: datetime | None = None,
    over: Callable[[float], bool] | None = None,
    exactly: bool = False,
) -> Forecast:
    """The forecast of a mission as it stands. Changes nothing, starts nothing.

    Args:
        place: The mission.
        what_if: Play another mission than this.
        plays: How often; less where there are thousands of rows.
        now: From when on; by default from now on.
        over: Where it is made at leisure, beside what matters more: waits for so many seconds, and
            tells whether to stop.
        exactly: Whether it is played that often however many rows there are.

    Raises:
        TaskFileError: The file cannot be read, or a row that is to be left out is not in it.
        ConfigError: `mission.yaml` cannot be understood.
        UsageError: An agent that is to be swapped is not known.
        AgentError: An agent is not configured.
        JournalError: The journal cannot be read.
    """
    now = utc_now() if now is None else now
    plan, config = read_plan(place), load_config(place.config_file)
    held = holder(place.state_dir)
    history = look(place.journal_file, lambda journal: History.of(journal, config, now))
    return make_forecast(
        plan,
        config,
        history,
        alive=held is not None,
        what_if=what_if,
        plays=plays,
        now=now,
        over=over,
        exactly=exactly,
    )


def read_track(place: Place) -> Track:
    """What runs forecast as they began, and how it held. Changes nothing, plays nothing.

    Raises:
        TaskFileError: The file cannot be read.
        JournalError: The journal cannot be read.
    """
    return track_in(place, read_plan(place))


def track_in(books: Books, plan: Plan) -> Track:
    """The same by a plan that was read already, wherever the journal is.

    Raises:
        MissionError: The journal cannot be read.
    """
    attempts, events, runs = books.look(
        lambda journal: (journal.attempts(), journal.events(), journal.runs())
    )
    return track_of(plan, attempts, events, runs)


def forecast_data(forecast: Forecast) -> dict[str, object]:
    """As `mission forecast --json` prints it. Times are datetimes."""
    what_if = forecast.what_if
    return {
        "mission": forecast.mission,
        "path": forecast.path,
        "now": forecast.now,
        "plays": forecast.plays,
        "seed": forecast.seed,
        "seen": forecast.seen,
        "guess": forecast.guess,
        "done": forecast.done,
        "finish": _finish_data(forecast.finish),
        "tokens": _band_data(forecast.tokens),
        "usd": _band_data(forecast.usd),
        "milestones": [
            {
                "id": one.id,
                "title": one.title,
                "finish": _finish_data(one.finish),
                "tokens": _band_data(one.tokens),
                "usd": _band_data(one.usd),
            }
            for one in forecast.milestones
        ],
        "rows": [
            {
                "id": one.id,
                "milestone": one.milestone,
                "critical": round(one.critical, 4),
                "begin": one.begin,
                "finish": _finish_data(one.finish),
            }
            for one in forecast.rows
        ],
        "budgets": {scope.value: round(chance, 4) for scope, chance in forecast.budgets.items()},
        "people": {
            "approvals": forecast.approvals,
            "decisions": forecast.decisions,
            "runs": forecast.runs,
        },
        "left": forecast.left,
        "stuck": list(forecast.stuck),
        "unplanned": list(forecast.unplanned),
        "unpriced": list(forecast.unpriced),
        "what_if": {
            "max_parallel": what_if.max_parallel,
            "agents": dict(what_if.agents),
            "strategy": what_if.strategy,
            "without": sorted(what_if.without),
        },
    }


def _finish_data(finish: Finish) -> dict[str, datetime | None]:
    return {"p50": finish.p50, "p80": finish.p80, "p95": finish.p95}


def _band_data(band: Band) -> dict[str, float]:
    return {"p50": round(band.p50, 4), "p80": round(band.p80, 4), "p95": round(band.p95, 4)}


def track_data(track: Track) -> dict[str, object]:
    """As `mission forecast --json` has it below `track`."""
    return {
        "held": track.held,
        "of": track.of,
        "forecasts": [
            {
                "at": one.at,
                "run": one.run,
                "rows": one.rows,
                "seen": one.seen,
                "p50": one.p50,
                "p80": one.p80,
                "p95": one.p95,
                "actual": one.actual,
                "held": one.held,
            }
            for one in track.forecasts
        ],
    }
