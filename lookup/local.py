"""The mission of a folder of this machine, as `service/` reads it: no process, no server asked."""

from __future__ import annotations

from errors import MissionError
from lookup.telling import found_told, status_told, task_told
from lookup.told import LookupFailedError, Over, Told
from mission.place import Place
from service.builder import Standings
from service.story import read_story

_LOOK_EVERY = 0.5  # seconds, for who waits


class LocalMission:
    """One mission."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._standings = Standings.shared(place)

    def status(self) -> Told:
        """How it stands now."""
        return status_told(self._standings.current())

    def task(self, task: str) -> Told:
        """One row, by the name that the plan has for it: no path, no pattern."""
        standing = self._standings.current()
        plan = standing.overview.plan
        if task in plan.by_id:
            return task_told(standing, read_story(self._place, task, plan=plan))
        raise LookupFailedError("There is no such row: mission_search finds rows by their words")

    def search(self, words: str) -> Told:
        """The rows that hold these words."""
        return found_told(self._standings.current(), words)

    def after(self, version: str | None, over: Over) -> str | None:
        """The builder's revision, or what is wrong with the plan, once it is another one."""
        while True:
            now = self._version()
            if now != version:
                return now
            if over(_LOOK_EVERY):
                return None

    def _version(self) -> str:
        try:
            return str(self._standings.current().revision)
        except MissionError as error:
            return f"unreadable: {error.message}"
