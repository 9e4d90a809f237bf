"""The time-outs of a child process: until its first output, between two, and in all."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Literal

EndedBy = Literal["exit", "start", "silence", "total", "stop"]


class Timers:
    """Which time-out is due next. Started by its creation; not for use by several threads."""

    def __init__(
        self, *, start: timedelta | None, silence: timedelta | None, total: timedelta | None
    ) -> None:
        self._began = self._heard_at = time.monotonic()
        self._heard = False
        self._start = start
        self._silence = silence
        self._total = total

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._began

    def heard(self) -> None:
        """There was output."""
        self._heard = True
        self._heard_at = time.monotonic()

    def next(self) -> tuple[float, EndedBy] | None:
        """Seconds until the next time-out, negative when it has passed, and its name."""
        quiet: tuple[EndedBy, timedelta | None] = (
            ("silence", self._silence) if self._heard else ("start", self._start or self._silence)
        )
        ends = [(self._heard_at, *quiet), (self._began, "total", self._total)]
        now = time.monotonic()
        due: list[tuple[float, EndedBy]] = [
            (since + limit.total_seconds() - now, name)
            for since, name, limit in ends
            if limit is not None
        ]
        return min(due, default=None)
