"""Signals as requests to stop, while the work is on another thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

from prefect.exceptions import TerminationSignal

from workspace.process import Stop

_T = TypeVar("_T")


def on_a_thread(work: Callable[[], _T], stop: Stop) -> _T:
    """Do the work on another thread, while this one turns signals into the request to stop.

    Python raises Ctrl-C, and Prefect raises SIGTERM, on the main thread, between any two
    instructions. Here they interrupt nothing but a wait.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="work") as pool:
        future = pool.submit(copy_context().run, work)
        while not future.done():
            _wait(future, stop)
        return future.result()


def _wait(future: Future[_T], stop: Stop) -> None:
    try:
        wait([future])
    except KeyboardInterrupt:
        stop.request("Ctrl-C was pressed")
    except TerminationSignal:
        stop.request("SIGTERM was received")
