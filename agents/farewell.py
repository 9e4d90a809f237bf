"""The end of a tool that has said all: some stay, for a server or a shell that they started."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Self

from agents.stream import Reader
from workspace.process import Stop
from workspace.side_thread import SideThread

#: How long a tool may take to go after its last event.
LINGER = timedelta(seconds=10)


class Farewell:
    """Sees to it that a tool goes some time after its last event, and that this event counts.

    What it says once it was asked to end after that does not: tools call it an error that they were
    interrupted.
    """

    def __init__(self, reader: Reader, inner: Stop) -> None:
        self.taken = False  # its last event had come before it was asked to end
        self._reader = reader
        self._inner = inner
        self._more: threading.Event | None = None  # set once it says more, or is gone
        self._thread: SideThread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cancel()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> None:
        """The tool has printed an event: was it the last one?"""
        ended = self._reader.told.ended
        if not ended:
            self._cancel()
        elif self._more is None:
            self._more = threading.Event()
            self._thread = SideThread(
                "farewell",
                partial(self._end_after, self._more),
                on_death=lambda _: self._inner.request("it lingers"),  # at once, rather than never
                daemon=True,
            )
            self._thread.start()

    def take(self) -> None:
        """The tool is now asked to end, for whatever reason."""
        self.taken = self.taken or self._reader.told.ended

    def _end_after(self, more: threading.Event) -> None:
        if not more.wait(LINGER.total_seconds()):
            self._inner.request("it lingers")

    def _cancel(self) -> None:
        if self._more is not None:
            self._more.set()
            self._more = None
