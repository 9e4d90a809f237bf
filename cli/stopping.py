"""Ctrl-C and SIGTERM as a request to stop."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

from cli.console import talk
from workspace.process import Stop
from workspace.side_thread import SideThread, cause


@contextmanager
def stopped_by_signals(stop: Stop) -> Iterator[None]:
    """Ctrl-C and SIGTERM ask the run to stop; the second one ends it where it stands."""

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.requested:
            os._exit(128 + number)  # nothing is lost: the next run recovers from a crash
        name = signal.Signals(number).name
        # Not on this thread: it may hold a lock that the request needs.
        asking = SideThread("stopping", partial(stop.request, f"{name} was received"), on_death=say)
        asked.append(asking)
        asking.start()
        talk("\nStopping; press Ctrl-C again to leave at once.")

    def say(error: BaseException) -> None:
        talk(f"\nNot everything was told to stop ({cause(error)}); press Ctrl-C again.")

    asked: list[SideThread] = []
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for asking in asked:
            asking.join()
