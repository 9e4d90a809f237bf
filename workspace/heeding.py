"""Whose stop the git commands heed that a thread starts: the row's that it works for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from workspace.process import Stop

_HEEDED: ContextVar[Stop | None] = ContextVar("heeded", default=None)


@contextmanager
def heeding(stop: Stop | None) -> Iterator[None]:
    """While the block runs, in this thread: commands heed this stop in place of the one that they
    were made with. None: they heed that one."""
    before = _HEEDED.set(stop)
    try:
        yield
    finally:
        _HEEDED.reset(before)


def heeded(own: Stop | None) -> Stop | None:
    """What a command heeds that was made with `own`."""
    found = _HEEDED.get()
    return own if found is None else found
