"""The one place of a process where a mission's standing is made, and who waits for the next one.

There is no thread of its own: whoever asks or waits looks at the versions of the files, one at a
time and no more often than is of use to people.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

from mission.place import Place
from service.making import Known, make_standing
from service.sources import ReadPlan, Versions, known, log_ends, read_journal, versions
from service.standing import Standing

_LOOK_EVERY = 0.5  # seconds, for who waits


class Standings:
    """Makes the standing anew when something has changed. For many threads."""

    _shared: ClassVar[dict[Path, Self]] = {}
    _sharing: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()  # guards what follows; held while a standing is made
        self._versions: Versions | None = None  # of what was read, where that is sure
        self._plan: ReadPlan | None = None
        self._known: Known | None = None  # what the standing was made of
        self._standing: Standing | None = None
        self._looked = 0.0  # when, by `time.monotonic`

    @classmethod
    def shared(cls, place: Place) -> Self:
        """The one of this process."""
        with cls._sharing:
            return cls._shared.setdefault(place.task_file, cls(place))

    def current(self) -> Standing:
        """How the mission stands now.

        Raises:
            TaskFileError: The task file cannot be read.
            ConfigError: `mission.yaml` is there and cannot be understood.
            JournalError: The journal cannot be read.
        """
        with self._lock:
            return self._look()

    def after(self, revision: int, *, over: Callable[[float], bool]) -> Standing | None:
        """The first standing with a higher revision, once there is one; None where it is over
        before that.

        Args:
            revision: Of the standing that the caller has; 0 for none.
            over: Waits for so many seconds, and tells whether to stop waiting: `Stop.wait` does.

        Raises:
            MissionError: As `current` raises it.
        """
        while True:
            with self._lock:
                late = time.monotonic() - self._looked >= _LOOK_EVERY
                standing = self._look() if late or self._standing is None else self._standing
            if standing.revision > revision:
                return standing
            if over(_LOOK_EVERY):
                return None

    def follow(self, *, over: Callable[[float], bool]) -> Iterator[Standing]:
        """The standing now, then each that differs, until it is over."""
        revision = 0
        while (standing := self.after(revision, over=over)) is not None:
            yield standing
            revision = standing.revision

    def _look(self) -> Standing:
        self._looked = time.monotonic()
        now, read_at = versions(self._place), time.time_ns()
        before = self._standing
        if before is None or self._known is None or now != self._versions:
            if self._plan is None or self._versions is None or now.plan != self._versions.plan:
                self._plan = ReadPlan.of(self._place)
            self._known = known(self._place, self._plan, read_journal(self._place))
            self._versions = now.settled(read_at)
        else:  # agents write their logs all the time, and nothing else differs for that
            outputs = log_ends(self._known.record.attempts)
            if outputs == self._known.outputs:
                return before
            self._known = replace(self._known, outputs=outputs)
        made = make_standing(self._known)
        revision = 1 if before is None else before.revision
        if before is not None and made != replace(before, revision=made.revision):
            revision += 1
        self._standing = replace(made, revision=revision)
        return self._standing
