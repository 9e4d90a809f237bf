"""The plan, as it could last be read: it is read when it has changed."""

from __future__ import annotations

import time
from dataclasses import dataclass

from errors import MissionError
from mission.place import Place
from mission.plan import read_plan
from mission.plan_copy import plan_file
from tasks_md.model import Plan

_TICK = 50_000_000  # nanoseconds; of file systems that we know the coarsest has a fifth

_Version = tuple[tuple[str, int, int, int] | None, ...]


@dataclass(kw_only=True)
class PlanSeen:
    """A plan that somebody else writes, and people edit."""

    place: Place
    plan: Plan | None = None  # as it could last be read; None: it never could
    wrong: MissionError | None = None  # why it cannot be read now
    _version: _Version | None = None
    _is_settled: bool = False

    def look(self) -> Plan | None:
        """The plan; where it cannot be read, as a person is at it, as it was."""
        version, at = self.version(), time.time_ns()
        if version == self._version and self._is_settled:
            return self.plan
        try:
            self.plan, self.wrong = read_plan(self.place), None
        except MissionError as error:
            self.wrong = error
        self._version = version
        # What is written twice in one tick looks as after the first.
        newest = max((one[1] for one in version if one is not None), default=0)
        self._is_settled = self.wrong is None and newest < at - _TICK
        return self.plan

    def version(self) -> _Version:
        """What differs when the plan does."""
        found: list[tuple[str, int, int, int] | None] = []
        for file in (plan_file(self.place), self.place.config_file):
            try:
                there = file.stat()
            except OSError:
                found.append(None)
            else:
                found.append((str(file), there.st_mtime_ns, there.st_ino, there.st_size))
        return tuple(found)
