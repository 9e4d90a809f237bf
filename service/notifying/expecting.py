"""When the mission will be done, as the forecast has it: for digests, and for who is told that it
will be later."""

from __future__ import annotations

from datetime import UTC, datetime

from errors import MissionError
from mission.amounts import share
from mission.place import Place
from service.forecast import Forecast, read_forecast

_PLAYS = 200  # a fifth of a second; what is told is not about minutes


def expected_finish(place: Place) -> datetime | None:
    """The p80 of the finish; None where it is a guess, nothing is open, it has none, or it cannot
    be told.

    A plan that somebody is just changing is no news: `mission check` and the run say what is wrong.
    """
    try:
        found = read_forecast(place, plays=_PLAYS)
    except MissionError:
        return None
    p80 = found.finish.p80
    return None if found.guess or found.done or p80 is None else p80.astimezone(UTC)


def forecast_words(place: Place) -> str:
    """The forecast in a line; why there is none, where that is so; empty where all is done."""
    try:
        return _words(read_forecast(place, plays=_PLAYS))
    except MissionError as error:
        return f"none: {error.message}"


def _words(found: Forecast) -> str:
    if found.done:
        return ""
    finish = found.finish
    if finish.p50 is None or finish.p80 is None:
        return f"no end: in {share(found.left)} of the plays a row is never done"
    told = f"done by {_local(finish.p50)} (p50), {_local(finish.p80)} (p80)"
    people = f", people's time apart: {found.approvals} approvals" if found.approvals else ""
    return f"{'a guess: ' if found.guess else ''}{told}{people}"


def _local(when: datetime) -> str:
    return f"{when.astimezone():%a %d %b %H:%M}"
