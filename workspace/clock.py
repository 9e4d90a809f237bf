"""Time: handed in, so that tests never sleep."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time in two ways."""

    def now(self) -> datetime:
        """The time of day, with its zone: for people, and for what servers say."""

    def monotonic(self) -> float:
        """Seconds that only ever grow: for deadlines."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


SYSTEM_CLOCK = SystemClock()
