"""Hands a person's request to the single writer, and waits until it is applied.

The request goes into the journal in any case. While a run holds the task file, the run applies it;
while nobody does, this command becomes the writer and applies it itself.
"""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass
from typing import Literal

from rich.console import Console

from cli.console import printable, talk
from cli.live import display_for
from cli.stopping import stopped_by_signals
from errors import MissionError, RequestRefusedError, StoppedError, WriterBusyError
from mission.journal import Journal, RequestKind
from mission.place import Place
from mission.plan import read_plan
from mission.state import Status
from orchestrator.run import apply_requests
from tasks_md.holder import holder
from workspace.process import Stop
from workspace.redact import Redactor

_POLL = 0.05  # seconds between two looks at the request's row


_By = Literal["this command", "the run"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What became of a request that was applied."""

    task: str
    request: int  # its number in the journal
    kind: RequestKind
    status: str  # the row's, afterwards
    notes: str  # the row's, afterwards
    applied_by: _By

    @property
    def exit_code(self) -> int:
        """1 where work was approved and yet could not be merged."""
        wanted = {Status.DONE, Status.IN_PROGRESS, Status.NEEDS_QA}
        return int(self.kind is RequestKind.APPROVE and self.status not in wanted)


def ask(
    path: str | None,
    kind: RequestKind,
    task: str,
    *,
    status: Status | None = None,
    note: str | None = None,
) -> Asked:
    """Ask for a change of `task`, and wait until it is in the file.

    Raises:
        TaskFileError: There is no such task.
        RequestRefusedError: The writer refused, with its reason.
        StoppedError: The person did not want to wait: the request is withdrawn, or the merge that
            it led to is left for the next run.
    """
    place = Place.find(path)
    read_plan(place).task(task)
    stop = Stop()
    redact = Redactor.from_environment(os.environ).text
    with Journal.open(place.journal_file, redact=redact) as journal, stopped_by_signals(stop):
        number = journal.submit_request(kind, task, status=status, note=note, by=_asker())
        try:
            applied_by = _see_through(place, journal, number, stop)
        except StoppedError as error:
            # The answer may have come meanwhile; the first one stays.
            if journal.finish_request(number, f"not applied: {error.message}").error is not None:
                raise
            applied_by = "the run"
        except MissionError as error:
            journal.finish_request(number, f"not applied: {error.message}")
            raise
        request = journal.request(number)
    if request.error is not None:
        raise RequestRefusedError(request.error)
    if stop.requested and applied_by == "this command":
        raise StoppedError(f"stopped: {stop.reason}", hint="`mission run` carries on from here")
    row = read_plan(place).task(task)
    return Asked(
        task=task,
        request=number,
        kind=kind,
        status=row.status,
        notes=row.notes,
        applied_by=applied_by,
    )


def _see_through(place: Place, journal: Journal, number: int, stop: Stop) -> _By:
    """Return once the request is answered."""
    told = False
    while journal.request(number).finished is None:
        if stop.requested:
            raise StoppedError("the request is withdrawn", hint="Nothing was changed")
        who = holder(place.state_dir)
        if who is None and _apply(place, stop):
            return "this command"
        if not told and who is not None:
            talk(printable(f"The mission is held by {who}."))
            talk("It is asked to apply the request; Ctrl-C withdraws it.")
            told = True
        place.wake_file.touch()
        stop.wait(_POLL)
    return "the run"


def _apply(place: Place, stop: Stop) -> bool:
    """Apply all waiting requests as the writer; False if somebody else became it just now."""
    try:
        with display_for(Console(stderr=True)) as display:
            apply_requests(str(place.task_file), display, stop)
    except WriterBusyError:
        return False
    return True


def _asker() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        name = f"uid {os.getuid()}"
    return f"{name}@{socket.gethostname()}"
