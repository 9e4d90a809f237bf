"""Ctrl-C and SIGTERM as a request to stop."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType

from cli.console import talk
from workspace.process import SIGNALS, Stop
from workspace.side_thread import SideThread, cause


@contextmanager
def stopped_by_signals(stop: Stop) -> Iterator[None]:
    """Ctrl-C and SIGTERM ask the run to stop; a second one, after it has been asked, ends it where
    it stands."""
    asked: SimpleQueue[int | None] = SimpleQueue()  # may be put to while another put is under way

    def hear(number: int, _frame: FrameType | None) -> None:
        # It may come at any instruction, of another `hear` too: it takes no lock, prints nothing.
        if stop.requested:
            os._exit(128 + number)  # nothing is lost: the next run recovers from a crash
        asked.put(number)

    def pass_on() -> None:
        while (number := asked.get()) is not None:
            if not stop.requested:
                talk("\nStopping; press Ctrl-C again to leave at once.")
                stop.request(SIGNALS[signal.Signals(number)])

    def say(error: BaseException) -> None:
        talk(f"\nNot everything was told to stop ({cause(error)}); press Ctrl-C again.")

    asking = SideThread("stopping", pass_on, on_death=say)
    asking.start()
    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        asked.put(None)
        asking.join()
