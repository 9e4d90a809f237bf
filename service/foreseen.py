"""Forecasts for pages: made on a thread of their own, at leisure, and shown once they are there.

Whoever asks gets what was made last, at once. A mission that differs is forecast anew, and no
mission more often than once in a while, however many look on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from forecast.making import Finish, Forecast
from mission.place import Place
from service.forecast import read_forecast
from workspace.side_thread import SideThread, cause

_PLAYS: Final = 200
_EVERY: Final = 30.0  # seconds between two forecasts of one mission, at least
_FIRST: Final = 1.0  # seconds until the first begins: the page that asks goes before
#: Two forecasts that are no further apart say the same: plays of another seed differ by as much.
_SHARE: Final = 0.05  # of the time that is left
_LEAST: Final = timedelta(minutes=1)


def _read(place: Place, over: Callable[[float], bool]) -> Forecast:
    return read_forecast(place, plays=_PLAYS, over=over)


@dataclass(kw_only=True, slots=True)
class _Kept:
    """What is known of one mission."""

    forecast: Forecast | None = None
    told: Forecast | None = None  # the one that pages were last told of: others say the same
    version: int = 0
    mark: object = None  # what differs once the mission does: of when it was made
    made: float = 0.0  # when, by the monotonic clock; 0: never
    wanted: object = None  # the mark that somebody has asked for since


@dataclass(kw_only=True)
class Forecasts:
    """The newest of each mission. For many threads."""

    say: Callable[[str], None]  # told why there is none
    on_made: Callable[[], None] = lambda: None  # told that one is there
    clock: Callable[[], float] = time.monotonic
    #: Makes one: of a mission, and what rests for so many seconds and tells whether to stop.
    make: Callable[[Place, Callable[[float], bool]], Forecast] = _read

    def __post_init__(self) -> None:
        self._kept: dict[Place, _Kept] = {}
        self._turn = threading.Condition()  # guards what is kept; told what is asked for
        self._over = threading.Event()
        self._thread: SideThread | None = None

    def version(self, place: Place) -> int:
        """Grows as one of this mission is made that says something else than those before."""
        kept = self._kept.get(place)
        return 0 if kept is None else kept.version

    def newest(self, place: Place, mark: object) -> Forecast | None:
        """What was made last, if anything was. Never waits; has another one made where the mission
        differs since.

        Args:
            place: The mission.
            mark: What differs once the mission does; never None.
        """
        with self._turn:
            kept = self._kept.setdefault(place, _Kept())
            if kept.mark != mark:
                kept.wanted = mark
                self._turn.notify()
                if self._thread is None and not self._over.is_set():
                    self._thread = SideThread(
                        "forecasts", self._work, on_death=self._note_death, daemon=True
                    )
                    self._thread.start()
            return kept.forecast

    def close(self) -> None:
        """Make no further one."""
        with self._turn:
            self._over.set()
            self._turn.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        self._over.wait(_FIRST)
        while (found := self._next()) is not None:
            place, mark = found
            made = self._make(place)
            if self._over.is_set():
                return
            with self._turn:
                kept = self._kept[place]
                kept.forecast, kept.mark, kept.made = made, mark, self.clock()
                if not says_the_same(kept.told, made):
                    kept.told, kept.version = made, kept.version + 1
            self.on_made()

    def _make(self, place: Place) -> Forecast | None:
        """None where there is none of this mission: that is no reason to make none of others."""
        try:
            return self.make(place, self._over.wait)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            self.say(f"No forecast of {place.task_file}: {cause(error)}")
            return None

    def _next(self) -> tuple[Place, object] | None:
        """The next that is wanted, once it may begin. None: nothing is, and the thread ends."""
        with self._turn:
            while not self._over.is_set():
                wanted = [
                    (kept.made + _EVERY if kept.made else 0.0, place, kept)
                    for place, kept in self._kept.items()
                    if kept.wanted not in (None, kept.mark)
                ]
                if not wanted:
                    break
                begins, place, kept = min(wanted, key=lambda one: one[0])
                left = begins - self.clock()
                if left <= 0:
                    return place, kept.wanted
                self._turn.wait(left)  # another may be asked for meanwhile, and go before
            self._thread = None
            return None

    def _note_death(self, error: BaseException) -> None:
        self._over.set()
        self.say(f"Nothing is forecast any more: {cause(error)}")


def says_the_same(one: Forecast | None, other: Forecast | None) -> bool:
    """Whether a person reads the same in both: of a forecast that was made anew, times differ by a
    little at least.

    Args:
        one: What was told before.
        other: The later one: what is left of its time says what is a little.
    """
    if one is None or other is None:
        return one is other
    times, others = _times(one), _times(other)
    return times.keys() == others.keys() and all(
        _alike(when, others[name], other.now) for name, when in times.items()
    )


def _alike(one: datetime | None, other: datetime | None, now: datetime) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= max(_LEAST, _SHARE * (other - now))


def _times(forecast: Forecast) -> dict[tuple[object, ...], datetime | None]:
    """All times that pages show, each with what it is of."""
    ends: dict[tuple[object, ...], Finish] = {
        ("mission", forecast.done, forecast.guess): forecast.finish,
        **{("milestone", one.id): one.finish for one in forecast.milestones},
        **{("row", one.id): one.finish for one in forecast.rows},
    }
    found: dict[tuple[object, ...], datetime | None] = {
        ("begin", one.id): one.begin for one in forecast.rows
    }
    for name, end in ends.items():
        found[(*name, 50)], found[(*name, 80)] = end.p50, end.p80
    return found
