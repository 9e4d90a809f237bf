"""Time that nobody waits for, and what happens as it passes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Final

#: Seconds: what is not done in ten years is not done.
END: Final = 3_650 * 86_400.0


class PlayedClock:
    """A clock of the mission's (`mission.clock.Clock`) that jumps from one thing to the next."""

    def __init__(self, began: datetime) -> None:
        self.time = 0.0  # seconds since the play began
        self.number = 0  # of things to come so far: what comes at one time comes in this order
        self.happens: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._began = began

    def after(self, seconds: float, do: Callable[..., None], *given: object) -> None:
        """Call `do(*given)` so many seconds from now."""
        self.number += 1
        heappush(self.happens, (self.time + seconds, self.number, do, given))

    def go_on(self) -> None:
        """Let the next thing happen. There must be one."""
        self.time, _, do, given = heappop(self.happens)
        do(*given)

    def now(self) -> datetime:
        """The played time of day."""
        return self._began + timedelta(seconds=min(self.time, 2 * END))

    def monotonic(self) -> float:
        """Played seconds."""
        return self.time

    def boottime(self) -> float:
        """Played seconds."""
        return self.time
