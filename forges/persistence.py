"""Trying again: the same question to a forge, until it is answered or the time is up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from errors import StoppedError
from forges.errors import NotYetError, RateLimitedError, UnreachableError
from mission.clock import SYSTEM_CLOCK, Clock
from policy.backoff import Backoff, Chance, system_chance
from workspace.process import Stop

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Persistence:
    """How long, how often, and on which clock to try again."""

    timeout: timedelta = timedelta(minutes=5)  # for one thing that is to be done, all tries of it
    backoff: Backoff = field(
        default_factory=lambda: Backoff(first=timedelta(seconds=1), ceiling=30)
    )
    clock: Clock = SYSTEM_CLOCK
    stop: Stop = field(default_factory=Stop)
    chance: Chance = system_chance

    def until_done(self, attempt: Callable[[timedelta], Result]) -> Result:
        """Call `attempt` with the time that is left, until it returns.

        It is called again after no whole answer, a rate limit, or a forge's `try again`. It must
        look first at what an earlier call of it may have done.

        Raises:
            ForgeError: What `attempt` raised last; at once, if trying again changes nothing.
            StoppedError: A stop was requested.
        """
        deadline = self.clock.monotonic() + self.timeout.total_seconds()
        turn = 0
        while True:
            if self.stop.requested:
                raise StoppedError(f"Stopped while asking a forge: {self.stop.reason}")
            left = timedelta(seconds=deadline - self.clock.monotonic())
            try:
                return attempt(left)
            except (UnreachableError, NotYetError, RateLimitedError) as error:
                pause = self.backoff.pause(turn, self.chance)
                if isinstance(error, RateLimitedError) and error.retry_after is not None:
                    pause = max(pause, error.retry_after)
                if self.clock.monotonic() + pause.total_seconds() >= deadline:
                    raise
            self.stop.wait(pause.total_seconds())
            turn += 1
