"""Child processes."""

from __future__ import annotations

import threading


class Stop:
    """A request to stop, made once and seen by everybody who holds it."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.reason = ""

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def request(self, reason: str) -> None:
        """Ask everybody to stop. The first reason stays."""
        if not self._event.is_set():
            self.reason = reason
            self._event.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until a stop is requested, at most `seconds`. True if it is."""
        return self._event.wait(seconds)
