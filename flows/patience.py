"""How often Prefect's client asks again for an answer: not at all, where nobody is left to give it.

A server that is away for a moment, or busy, is asked again for a quarter of a minute
(`flows.settings`). That is time lost at each question once the local server's process is gone: it
comes back with the next run, and what the record lacks is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

from prefect.events.clients import PrefectEventsClient
from prefect.events.worker import EventsWorker
from prefect.settings import temporary_settings

Patience = Callable[[], AbstractContextManager[None]]


def _stays() -> bool:
    """Of another's server nobody here can tell that it will not come back."""
    return False


# Whether the server of this run has ended; set by whoever knows its process.
is_gone: ContextVar[Callable[[], bool]] = ContextVar("is_gone", default=_stays)

# How often an event is tried again, at once each time, where the server is a process of this
# machine: it takes a connection, or it is gone. What failed is sent again with the next event.
# Prefect's own ten take seven seconds, at each event, and no process ends before all were tried.
_EVENT_RETRIES = 2


@contextmanager
def knowing(gone: Callable[[], bool] | None) -> Iterator[None]:
    """For the time of a flow: who asks its server knows whether that has ended. None: nobody can
    tell."""
    if gone is None:
        yield
        return
    token = is_gone.set(gone)
    # Prefect's own class: events that are for any other, a subclass of it too, it does not send.
    EventsWorker.set_client_override(PrefectEventsClient, reconnection_attempts=_EVENT_RETRIES)
    try:
        yield
    finally:
        EventsWorker.set_client_override(None)
        is_gone.reset(token)


def patience() -> Patience:
    """What to ask Prefect's server in, on whatever thread: `with patience():`.

    Taken where the flow runs, whose context knows the server.
    """
    gone = is_gone.get()

    @contextmanager
    def asking() -> Iterator[None]:
        if not gone():
            yield
            return
        with temporary_settings({"client.max_retries": 0}):
            yield

    return asking
