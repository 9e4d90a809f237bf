"""Signals as requests to stop, while the work is on another thread."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from contextvars import copy_context
from queue import SimpleQueue
from types import FrameType
from typing import TypeVar

from workspace.process import SIGNALS, Stop
from workspace.side_thread import SideThread, one_thread

_T = TypeVar("_T")
# Seconds from one look for signals to the next: what comes in the instant before a wait begins, or
# to another thread, interrupts no wait, and would not be heard until the work is over.
_LOOK = 1.0


def on_a_thread(
    work: Callable[[], _T], stop: Stop, *, raised: tuple[type[BaseException], ...] = ()
) -> _T:
    """Do the work on another thread, while this one turns signals into the request to stop.

    Python raises Ctrl-C, and Prefect raises SIGTERM, on the main thread, between any two
    instructions. So it is a third thread that asks: a request that is broken off halfway, by a
    second signal right behind the first, would leave the others at work for good.

    Args:
        raised: What the caller's own handler of SIGTERM raises: Prefect's, inside a flow of its.

    Raises:
        MachineError: The machine gives no thread for one of them. Nothing was begun.
    """
    with (
        one_thread("work") as pool,
        _asking(stop) as ask,
    ):
        future = pool.submit(copy_context().run, work)
        while not future.done():
            _wait(future, ask, raised)
        return future.result()


def _wait(
    future: Future[_T], ask: Callable[[str], None], raised: tuple[type[BaseException], ...]
) -> None:
    """Wait for the end, or for a signal that somebody else's handler raises."""
    try:
        wait([future], _LOOK)
    except KeyboardInterrupt:
        ask(SIGNALS[signal.SIGINT])
    except raised:
        ask(SIGNALS[signal.SIGTERM])


@contextmanager
def _asking(stop: Stop) -> Iterator[Callable[[str], None]]:
    """What hands a reason to the thread that asks for a stop; signals do it by themselves."""
    asked: SimpleQueue[str | None] = SimpleQueue()  # may be put to while another put is under way
    deaths: list[BaseException] = []

    def pass_on() -> None:
        while (reason := asked.get()) is not None:
            stop.request(reason)

    thread = SideThread("signals", pass_on, on_death=deaths.append)
    thread.start()
    try:
        if thread.died is not None:  # nothing is begun that nobody could stop
            raise thread.died
        with _heard_by(asked.put):
            yield asked.put
    finally:
        asked.put(None)
        thread.join()
    if deaths:
        raise deaths[0]


@contextmanager
def _heard_by(ask: Callable[[str], None]) -> Iterator[None]:
    """Signals raise nothing meanwhile: not Prefect's SIGTERM, nor Python's own Ctrl-C."""

    def hear(number: int, _frame: FrameType | None) -> None:
        ask(SIGNALS[signal.Signals(number)])

    numbers = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is the caller's
        numbers.append(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread():
        numbers = []  # whoever has the main thread has the signals
    before = {number: signal.signal(number, hear) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
