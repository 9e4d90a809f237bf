"""Time: handed in, so that tests never sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
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


def utc_now() -> datetime:
    """The time of day."""
    return datetime.now(UTC)
