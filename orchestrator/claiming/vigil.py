"""Looks whether signs of life come through in time, beside whoever gives them: a push that hangs
keeps it from nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from mission.amounts import span
from mission.clock import Clock
from workspace.side_thread import SideThread, cause

# A wait does not count the time for which the machine is suspended: so it is a short one.
_BETWEEN = 1.0  # seconds
_NO_SUSPEND = 0.5  # seconds by which two clocks may differ that were read one after the other


class Vigil:
    """A thread that tells when a claim yields, and when it does so no more."""

    def __init__(
        self,
        yields: Callable[[], bool],
        *,
        clock: Clock,
        on_change: Callable[[bool], None],
        on_suspend: Callable[[], None],
        most: float,
        give_up: Callable[[str], None],
    ) -> None:
        """
        Args:
            yields: Whether the claim yields. It must not wait for a push.
            on_change: Told when that changes.
            on_suspend: Told that the machine was suspended for a while.
            most: For how long it may yield before the run ends, in seconds.
            give_up: Stops the run.
        """
        self._yields = yields
        self._clock = clock
        self._on_change = on_change
        self._on_suspend = on_suspend
        self._most = most
        self._give_up = give_up
        self._over = threading.Event()
        self._since: float | None = None  # it yields, by `boottime`
        self._suspended = self._suspend_so_far()
        self._thread = SideThread("vigil", self._run, on_death=self._die)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """End."""
        self._over.set()
        self._thread.join()

    def _die(self, error: BaseException) -> None:
        self._give_up(f"nobody looks any more whether the remote hears of this run: {cause(error)}")

    def _run(self) -> None:
        while not self._over.wait(_BETWEEN):
            self.look()

    def look(self) -> None:
        """Look, and tell what has changed."""
        suspended = self._suspend_so_far()
        if suspended - self._suspended > _NO_SUSPEND:
            self._on_suspend()
        self._suspended = suspended
        now, yields = self._clock.boottime(), self._yields()
        if yields and self._since is None:
            self._since = now
            self._on_change(True)
        elif not yields and self._since is not None:
            self._since = None
            self._on_change(False)
        if self._since is not None and now - self._since >= self._most:
            self._give_up(
                f"the remote had no sign of this run for {span(timedelta(seconds=self._most))} "
                "after its agents had ended; rows stay as they were, and `mission run` carries on "
                "once it can be reached"
            )

    def _suspend_so_far(self) -> float:
        return self._clock.boottime() - self._clock.monotonic()
