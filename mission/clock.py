"""Time: handed in, so that tests never sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

# Where there is none of its own (macOS), the monotonic clock of the system counts suspend, too.
_WITH_SUSPEND = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
#: Tells the time of day alone, aware and in UTC.
Now = Callable[[], datetime]


class Clock(Protocol):
    """Tells the time in two ways."""

    def now(self) -> datetime:
        """The time of day, with its zone: for people, and for what servers say."""

    def monotonic(self) -> float:
        """Seconds that only ever grow: for deadlines."""

    def boottime(self) -> float:
        """Seconds that only ever grow, also while the machine is suspended: for what others count
        meanwhile."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return utc_now()

    def monotonic(self) -> float:
        return time.monotonic()

    def boottime(self) -> float:
        return time.clock_gettime(_WITH_SUSPEND)


SYSTEM_CLOCK = SystemClock()


class SetClock:
    """Notices that the time of day was set: by a person, by a time server, as a virtual machine
    wakes up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun = max(self._look())  # the time of day at boot, by this clock

    def look(self) -> timedelta:
        """By how much it was set since it was last asked for: back, where that is negative; zero
        where it was not, or by no more than clocks are kept right by."""
        lowest, highest = self._look()
        least = min(max(self._begun, lowest), highest) - self._begun
        if abs(least) < _KEPT_RIGHT:
            self._begun += least
            return timedelta()
        by = highest - self._begun
        self._begun = highest
        return by

    def _look(self) -> tuple[datetime, datetime]:
        """Between which times of day the machine was booted; two clocks are not read at once."""
        before, now, after = self._clock.boottime(), self._clock.now(), self._clock.boottime()
        return now - timedelta(seconds=after), now - timedelta(seconds=before)


_KEPT_RIGHT = timedelta(seconds=30)


def utc_now() -> datetime:
    """The time of day."""
    return datetime.now(UTC)
