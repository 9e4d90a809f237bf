"""Rows that are stopped while a run goes on: asked for, and waited for until they have ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from errors import RequestRefusedError, StoppedError
from mission.elsewhere import Claimed
from mission.journal import Journal, RequestKind
from mission.place import Place
from mission.plan import read_plan
from tasks_md.holder import Holder, holder
from workspace.process import Stop

_POLL = 0.05  # seconds between two looks at the requests' rows


@dataclass(frozen=True, kw_only=True, slots=True)
class RowAnswer:
    """What became of one row."""

    task: str
    request: int | None  # its number in the journal; None: it went to another clone
    status: str  # the row's, afterwards
    notes: str  # the row's, afterwards
    error: str | None  # why it was not stopped

    def data(self) -> dict[str, object]:
        """As the command's JSON has it."""
        return {
            "task": self.task,
            "request": self.request,
            "status": self.status,
            "notes": self.notes,
            "error": self.error,
        }


def stop_rows(
    place: Place,
    tasks: Sequence[str],
    *,
    by: str,
    note: str | None = None,
    again: bool = False,
    redact: Callable[[str], str],
    stop: Stop,
    on_held: Callable[[Holder], None],
    on_left: Callable[[Claimed], None],
) -> list[RowAnswer]:
    """Have the run that is under way end these rows and no others; return once they have ended.

    Args:
        tasks: Rows; each is asked for once.
        by: Who asks, `user@host`.
        note: A word for the rows' notes and the journal.
        again: Whether they are started again with the note, once they have ended.
        redact: Takes secrets out of what goes into the journal.
        stop: Ends the waiting.
        on_held: Told who is asked.
        on_left: Told who is asked, where that is the run of another clone.

    Raises:
        TaskFileError: There is no such task.
        RequestRefusedError: No run is under way, here or in another clone.
        RequestLeftError: The run of another clone has not answered yet.
        GitError: The remote, where another clone may be heard, cannot be reached.
        StoppedError: A stop was requested: what has not been answered is withdrawn. A row whose
            agent was asked to end by then ends all the same.
    """
    plan = read_plan(place)
    kind = RequestKind.STOP_RETRY if again else RequestKind.STOP
    wanted = list(dict.fromkeys(plan.task(task).id for task in tasks))
    who = holder(place.state_dir)
    if who is None:
        return _stop_there(place, kind, wanted, note, stop, on_left)
    on_held(who)
    with Journal.open(place.journal_file, redact=redact) as journal:
        numbers = [journal.submit_request(kind, task, note=note, by=by) for task in wanted]
        _wait(place, journal, numbers, stop)
        requests = [journal.request(number) for number in numbers]
    plan = read_plan(place)
    rows = {request.task: plan.task(request.task) for request in requests}
    return [
        RowAnswer(
            task=request.task,
            request=request.id,
            status=rows[request.task].status,
            notes=rows[request.task].notes,
            error=request.error,
        )
        for request in requests
    ]


def _stop_there(
    place: Place,
    kind: RequestKind,
    tasks: Sequence[str],
    note: str | None,
    stop: Stop,
    on_left: Callable[[Claimed], None],
) -> list[RowAnswer]:
    from orchestrator.letters.there import Asking  # noqa: PLC0415 - takes half a second
    from service.posting import NobodyThereError, ask_there  # noqa: PLC0415 - the same

    asking = Asking(kind=kind, tasks=tuple(tasks), note=note)
    try:
        answer = ask_there(place, asking, stop=stop, on_left=on_left)
    except NobodyThereError:
        raise RequestRefusedError(
            "no run is under way", hint="`mission status` shows where it stands"
        ) from None
    return [
        RowAnswer(task=row.task, request=None, status=row.status, notes=row.notes, error=row.error)
        for row in answer.rows
    ]


def _wait(place: Place, journal: Journal, numbers: Sequence[int], stop: Stop) -> None:
    """Return once every request is answered: by the run, or since that is gone."""
    while waiting := [one for one in numbers if journal.request(one).finished is None]:
        if stop.requested:
            _refuse(journal, waiting, "not applied: the request is withdrawn")
            raise StoppedError("the request is withdrawn", hint="What was ending ends all the same")
        if holder(place.state_dir) is None:
            _refuse(journal, waiting, "no run is under way any more")
            return
        place.wake_file.touch()
        stop.wait(_POLL)


def _refuse(journal: Journal, numbers: Sequence[int], why: str) -> None:
    """Answer what nobody has answered; an answer that came meanwhile stays."""
    for number in numbers:
        journal.finish_request(number, why)
