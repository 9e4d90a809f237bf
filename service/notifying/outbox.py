"""Sends messages on threads of their own: a receiver that hangs holds up nobody but itself."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from errors import NotifyError
from notifiers.protocol import Notifier, Outgoing
from workspace.side_thread import SideThread, cause

_GRACE = 5.0  # seconds beyond a try's own limit, before it counts as one that hangs


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A try that has ended, or hangs."""

    to: str
    id: str  # the message's
    why: str = ""  # it did not arrive; empty: it did
    hint: str = ""
    late: bool = False  # it was told before that it hangs


@dataclass(kw_only=True, slots=True)
class _Try:
    message: Outgoing
    thread: SideThread
    until: float  # by `monotonic`
    hangs: bool = False  # its end was told already


class Outbox:
    """One try at a time for each receiver: none begins before the last has ended, however long it
    hangs, as it may still arrive. Used by one thread."""

    def __init__(
        self,
        notifiers: Mapping[str, Notifier],
        limits: Mapping[str, timedelta],
        *,
        redact: Callable[[str], str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            limits: How long one try may take, by receiver.
            redact: Takes secrets out of why something did not arrive.
        """
        self._notifiers = notifiers
        self._limits = limits
        self._redact = redact
        self._monotonic = monotonic
        self._ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._tries: dict[str, _Try] = {}

    def busy(self, to: str) -> bool:
        """Whether a try for a receiver is under way, or hangs."""
        return to in self._tries

    def hangs(self, to: str) -> bool:
        """Whether a try for a receiver has no end, which was told already."""
        return to in self._tries and self._tries[to].hangs

    @property
    def empty(self) -> bool:
        """Whether none is under way that has not hung too long already."""
        return all(one.hangs for one in self._tries.values()) and self._ended.empty()

    def send(self, to: str, message: Outgoing) -> None:
        """Begin a try. `ended` tells what came of it."""
        notifier = self._notifiers[to]
        thread = SideThread(
            f"notify {to}",
            lambda: self._tell(notifier, to, message),
            on_death=lambda error: self._ended.put(self._died(to, message, error)),
            daemon=True,  # one that hangs keeps no process
        )
        limit = self._limits[to].total_seconds() + _GRACE
        self._tries[to] = _Try(message=message, thread=thread, until=self._monotonic() + limit)
        thread.start()

    def ended(self, seconds: float) -> list[Ended]:
        """The tries that have ended, or hang; it waits for the first at most so long."""
        found = []
        try:
            found.append(self._ended.get(timeout=seconds))
            while True:
                found.append(self._ended.get_nowait())
        except queue.Empty:
            pass
        told = []
        for one in found:
            its = self._tries.pop(one.to)
            told.append(replace(one, late=its.hangs))
        return told + self._overdue()

    def _overdue(self) -> list[Ended]:
        found = []
        for to, one in self._tries.items():
            if not one.hangs and self._monotonic() > one.until:
                one.hangs = True
                seconds = self._limits[to].total_seconds()
                found.append(Ended(to=to, id=one.message.id, why=f"no end within {seconds:g} s"))
        return found

    def _tell(self, notifier: Notifier, to: str, message: Outgoing) -> None:
        notifier.tell(message)
        self._ended.put(Ended(to=to, id=message.id))

    def _died(self, to: str, message: Outgoing, error: BaseException) -> Ended:
        hint = error.hint if isinstance(error, NotifyError) else ""
        why = self._redact(cause(error)) or type(error).__name__
        return Ended(to=to, id=message.id, why=why, hint=self._redact(hint))
