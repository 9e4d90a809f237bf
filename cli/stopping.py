"""Ctrl-C and SIGTERM as a request to stop."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cli.console import talk
from workspace.process import Stop


@contextmanager
def stopped_by_signals(stop: Stop) -> Iterator[None]:
    """Ctrl-C and SIGTERM ask the run to stop; the second one ends it where it stands."""

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.requested:
            os._exit(128 + number)  # nothing is lost: the next run recovers from a crash
        name = signal.Signals(number).name
        # Not on this thread: it may hold a lock that the request needs.
        threading.Thread(target=stop.request, args=(f"{name} was received",)).start()
        talk("\nStopping; press Ctrl-C again to leave at once.")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
