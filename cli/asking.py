"""Asks for a change of a row on behalf of whoever sits at the terminal."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from cli.console import printable, screen_width, talk
from cli.stopping import stopped_by_signals
from cli.tables import minute, wrap
from cli.typed_here import place_at
from mission.clock import utc_now
from mission.elsewhere import Claimed
from mission.journal import RequestKind
from mission.state import Status
from orchestrator.ports.display import Display
from service.ask import Asked, Wish
from service.ask import ask as ask_writer
from service.ask import ask_for as ask_writer_for
from tasks_md.holder import Holder
from workspace.process import Stop
from workspace.redact import Redactor

#: Without a sign for so long a run that holds a claim may be dead.
_QUIET = timedelta(minutes=2)


def ask_for(path: str | None, wishes: Sequence[Wish]) -> list[Asked]:
    """Ask for changes of rows, all at once, and wait until each is in the file or refused. Ctrl-C
    withdraws what is not answered.

    Raises:
        MissionError: As `service.ask.ask_for` raises it.
    """
    stop = Stop()
    with stopped_by_signals(stop):
        return ask_writer_for(
            place_at(path),
            wishes,
            redact=Redactor.from_environment(os.environ).text,
            stop=stop,
            show=_shown,
            on_held=_tell_held,
            on_left=tell_left,
        )


def ask(
    path: str | None,
    kind: RequestKind,
    task: str,
    *,
    status: Status | None = None,
    note: str | None = None,
) -> Asked:
    """Ask for a change of `task`, and wait until it is in the file. Ctrl-C withdraws the request.

    Raises:
        MissionError: As `service.ask.ask` raises it.
    """
    stop = Stop()
    with stopped_by_signals(stop):
        return ask_writer(
            place_at(path),
            Wish(kind=kind, task=task, status=status, note=note, by=asker()),
            redact=Redactor.from_environment(os.environ).text,
            stop=stop,
            show=_shown,
            on_held=_tell_held,
            on_left=tell_left,
        )


@contextmanager
def _shown() -> Iterator[Display]:
    talk("No run is under way: this command does what one would.")
    from rich.console import Console  # noqa: PLC0415 - who leaves a request for a run needs none

    from cli.live import display_for  # noqa: PLC0415 - imports rich, as above

    with display_for(Console(stderr=True)) as display:
        yield display


def _tell_held(who: Holder) -> None:
    for line in wrap(printable(f"The mission is held by {who}."), screen_width()):
        talk(line)
    talk("It is asked to apply the request; Ctrl-C withdraws it.")


def tell_left(claim: Claimed) -> None:
    """Say whom a request was left for."""
    who = f"{claim.who} on {claim.host}" if claim.who else claim.host
    told = printable(f"The mission is carried out in another clone, by {who}.")
    for line in wrap(told, screen_width()):
        talk(line)
    if claim.sign is not None:
        talk(f"Its last sign is of {minute(claim.sign)}.")
        if utc_now() - claim.sign > _QUIET:
            talk("If that run is dead: Ctrl-C, `mission run --take-over`, then ask again.")
    talk("The request is left on the remote for that run; Ctrl-C takes it back.")


def tell_away(why: str) -> None:
    """Say that no run of another clone could be asked."""
    talk(printable(f"A run in another clone could not be asked: {why}"))


def asker() -> str:
    """Who asks, `user@host`."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        name = f"uid {os.getuid()}"
    return f"{name}@{socket.gethostname()}"
