"""What people ask of the single writer: left in the journal, and waited for until it is answered.

While a run holds the task file, the run applies what is asked. While nobody does, whoever asks
becomes the writer and applies it. Where another clone carries the mission out, its run is asked
over the remote.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Literal

from errors import ClaimHeldError, MissionError, RequestRefusedError, StoppedError, WriterBusyError
from mission.elsewhere import Claimed
from mission.journal import Journal, Request, RequestKind
from mission.journal.look import look
from mission.place import Place
from mission.plan import read_plan
from mission.state import Status
from orchestrator.ports.display import Display
from tasks_md.holder import Holder, holder
from tasks_md.model import Task
from workspace.process import Stop

_POLL = 0.05  # seconds between two looks at the request's row
_TURNS = 3  # of asking here and there, while the claim changes hands

By = Literal["this command", "the run", "another clone"]
#: Shows what is done, for as long as the `with` lasts.
Show = Callable[[], AbstractContextManager[Display]]
Redact = Callable[[str], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody wants of a row."""

    kind: RequestKind
    task: str
    status: Status | None = None  # for `set`
    note: str | None = None  # a word for the row's notes and the journal
    by: str  # who asks, `user@host`


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What became of a request."""

    task: str
    request: int | None  # its number in the journal; None: it went to another clone
    kind: RequestKind
    status: str  # the row's, afterwards
    notes: str  # the row's, afterwards
    applied_by: By
    error: str | None = None  # why it was refused; None: it was applied

    @property
    def exit_code(self) -> int:
        """1 where it was refused, or work was approved and yet could not be merged."""
        wanted = {Status.DONE, Status.IN_PROGRESS, Status.NEEDS_QA}
        held = self.kind is RequestKind.APPROVE and self.status not in wanted
        return int(self.error is not None or held)

    def data(self) -> dict[str, object]:
        """As the commands' JSON has it."""
        return {
            "task": self.task,
            "request": self.request,
            "kind": self.kind.value,
            "status": self.status,
            "notes": self.notes,
            "applied_by": self.applied_by,
            **({} if self.error is None else {"error": self.error}),
        }


def leave(place: Place, wish: Wish, *, redact: Redact) -> int:
    """Leave a request for whoever is, or will be, the writer; its number.

    Raises:
        TaskFileError: There is no such task.
    """
    read_plan(place).task(wish.task)
    with Journal.open(place.journal_file, redact=redact) as journal:
        number = _submit(journal, wish)
    place.wake_file.touch()
    return number


def answer(place: Place, number: int) -> Request | None:
    """A request that was left, once it is answered; None while it waits. Changes nothing.

    Raises:
        KeyError: No such request.
    """
    request = look(place.journal_file, lambda journal: journal.request(number))
    return None if request.finished is None else request


def ask(
    place: Place,
    wish: Wish,
    *,
    redact: Redact,
    stop: Stop,
    show: Show,
    on_held: Callable[[Holder], None],
    on_left: Callable[[Claimed], None],
) -> Asked:
    """Ask for a change of one row, and wait until it is in the file: see `ask_for`.

    Raises:
        RequestRefusedError: The writer refused, with its reason.
        MissionError: As `ask_for` raises it.
    """
    (asked,) = ask_for(
        place, [wish], redact=redact, stop=stop, show=show, on_held=on_held, on_left=on_left
    )
    if asked.error is not None:
        raise RequestRefusedError(asked.error)
    return asked


def ask_for(
    place: Place,
    wishes: Sequence[Wish],
    *,
    redact: Redact,
    stop: Stop,
    show: Show,
    on_held: Callable[[Holder], None],
    on_left: Callable[[Claimed], None],
) -> list[Asked]:
    """Ask for changes of rows, all at once, and wait until each is in the file or refused.

    Args:
        redact: Takes secrets out of what goes into the journal.
        stop: Ends the waiting.
        show: Shows what this process does, where it becomes the writer.
        on_held: Told once who holds the mission, and is waited for.
        on_left: Told whom it was left for, where that is the run of another clone.

    Raises:
        TaskFileError: There is no such task. Nothing was asked for.
        RequestLeftError: The run of another clone has not answered yet.
        StoppedError: A stop was requested: what nobody has answered is withdrawn, or the merge that
            it led to is left for the next run.
    """
    plan = read_plan(place)
    wishes = [replace(wish, task=plan.task(wish.task).id) for wish in wishes]
    for turn in range(_TURNS):
        try:
            return _ask_here(place, wishes, redact, stop, show, on_held)
        except ClaimHeldError:
            from service.posting import NobodyThereError  # noqa: PLC0415 - takes half a second

            try:
                return _ask_there(place, wishes, stop, on_left)
            except NobodyThereError:  # it was given back, or has lapsed, just now
                if turn == _TURNS - 1:
                    raise
    return []


def _ask_there(
    place: Place, wishes: Sequence[Wish], stop: Stop, on_left: Callable[[Claimed], None]
) -> list[Asked]:
    """Ask the run in another clone: once for all rows of which the same is wanted."""
    from orchestrator.letters.there import Asking  # noqa: PLC0415 - takes half a second
    from service.posting import ask_there  # noqa: PLC0415 - the same

    found: list[Asked] = []
    same: dict[tuple[RequestKind, Status | None, str | None], list[str]] = {}
    for one in wishes:
        same.setdefault((one.kind, one.status, one.note), []).append(one.task)
    for (kind, status, note), tasks in same.items():
        asking = Asking(kind=kind, tasks=tuple(tasks), status=status, note=note)
        answer = ask_there(place, asking, stop=stop, on_left=on_left)
        found += [
            Asked(
                task=row.task,
                request=None,
                kind=kind,
                status=row.status,
                notes=row.notes,
                applied_by="another clone",
                error=row.error,
            )
            for row in answer.rows
        ]
    return found


def _ask_here(
    place: Place,
    wishes: Sequence[Wish],
    redact: Redact,
    stop: Stop,
    show: Show,
    on_held: Callable[[Holder], None],
) -> list[Asked]:
    """Leave it in the journal of this clone, and wait.

    Raises:
        ClaimHeldError: Another clone carries the mission out.
        MissionError: As `ask_for` raises it.
    """
    with Journal.open(place.journal_file, redact=redact) as journal:
        numbers = [_submit(journal, wish) for wish in wishes]
        try:
            applied_by = _see_through(place, journal, numbers, stop, show, on_held)
        except StoppedError as error:
            # Answers may have come meanwhile; the first one stays.
            ends = [journal.finish_request(one, f"not applied: {error.message}") for one in numbers]
            if any(one.error is not None for one in ends):
                raise
            applied_by = "the run"
        except MissionError as error:
            for number in numbers:
                journal.finish_request(number, f"not applied: {error.message}")
            raise
        requests = [journal.request(number) for number in numbers]
    applied = any(request.error is None for request in requests)
    if applied and stop.requested and applied_by == "this command":
        raise StoppedError(f"stopped: {stop.reason}", hint="`mission run` carries on from here")
    plan = read_plan(place)
    return [_asked(request, plan.task(request.task), applied_by) for request in requests]


def _asked(request: Request, row: Task, applied_by: By) -> Asked:
    return Asked(
        task=request.task,
        request=request.id,
        kind=request.kind,
        status=row.status,
        notes=row.notes,
        applied_by=applied_by,
        error=request.error,
    )


def _submit(journal: Journal, wish: Wish) -> int:
    return journal.submit_request(
        wish.kind, wish.task, status=wish.status, note=wish.note, by=wish.by
    )


def _see_through(
    place: Place,
    journal: Journal,
    numbers: Sequence[int],
    stop: Stop,
    show: Show,
    on_held: Callable[[Holder], None],
) -> By:
    """Return once every request is answered."""
    told = False
    while any(journal.request(number).finished is None for number in numbers):
        if stop.requested:
            raise StoppedError("the request is withdrawn", hint="Nothing was changed")
        who = holder(place.state_dir)
        if who is None and _apply(place, stop, show):
            return "this command"
        if not told and who is not None:
            on_held(who)
            told = True
        place.wake_file.touch()
        stop.wait(_POLL)
    return "the run"


def _apply(place: Place, stop: Stop, show: Show) -> bool:
    """Apply all waiting requests as the writer; False if somebody else became it just now."""
    try:
        with show() as display:
            # Takes a second, which a run has paid, and whoever asks here has been told.
            from orchestrator.run import apply_requests  # noqa: PLC0415 - as said above

            apply_requests(str(place.task_file), display, stop)
    except ClaimHeldError:
        raise  # that run does not see this clone's journal
    except WriterBusyError:
        return False
    return True
