"""The mission of a folder of this machine, as `service/` reads it: no process, no server asked."""

from __future__ import annotations

import threading
import time

from errors import MissionError
from lookup.machine import Machine
from lookup.outlook import forecast_told
from lookup.paging import Redact
from lookup.telling import found_told, status_told, task_told
from lookup.told import LookupFailedError, Told
from mission.place import Place
from service.builder import Standings
from service.forecast import read_forecast
from service.story import read_story

_PLAYS = 300  # of a forecast: a third of a second, and within some percent of a thousand
_FORECAST_LASTS = 60.0  # seconds, while nothing changes: its dates are from now on


class LocalMission:
    """One mission."""

    look_every = 0.5

    def __init__(self, place: Place, redact: Redact) -> None:
        """`redact` takes secrets out of a text, before a part of it is told alone."""
        self._place = place
        self._standings = Standings.shared(place)
        self._machine = Machine.around(place)
        self._redact = redact
        self._forecasting = threading.Lock()  # one at a time: each takes a processor for a while
        self._forecast: tuple[float, Told] | None = None  # the last one, and when it was made

    def status(self) -> Told:
        """How it stands now."""
        return self._machine.without(status_told(self._standings.current()))

    def task(self, task: str) -> Told:
        """One row, by the name that the plan has for it: no path, no pattern."""
        standing = self._standings.current()
        plan = standing.overview.plan
        if task in plan.by_id:
            story = read_story(self._place, task, plan=plan)
            return self._machine.without(task_told(standing, story))
        raise LookupFailedError("There is no such row: mission_search finds rows by their words")

    def search(self, words: str) -> Told:
        """The rows that hold these words."""
        return found_told(self._standings.current(), words, self._hide)

    def forecast(self) -> Told:
        """When it will be done. Made anew when the mission has changed, or after a while: who
        pages through it, or asks again and again, has the same one."""
        with self._forecasting:
            version = str(self._standings.current().revision)
            now = time.monotonic()
            if self._forecast is not None:
                made, before = self._forecast
                if before.version == version and now - made < _FORECAST_LASTS:
                    return before
            found = forecast_told(read_forecast(self._place, plays=_PLAYS), version)
            self._forecast = now, found
            return found

    def _hide(self, text: str) -> str:
        return self._machine.text(self._redact(text))

    def version(self) -> str:
        """The builder's revision, or what is wrong with the plan."""
        try:
            return str(self._standings.current().revision)
        except MissionError as error:
            return f"unreadable: {error.message}"
        except OSError as error:  # of its folder
            return f"unreadable: {error.errno}"
