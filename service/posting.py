"""What people ask of a run in another clone: left on the remote, and waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from errors import GitError, RequestLeftError, RequestRefusedError, StoppedError
from mission.answers import Answer
from mission.config.load import load_config
from mission.elsewhere import Claimed, Elsewhere, read_elsewhere
from mission.letter import Letter
from mission.place import Place
from mission.plan import read_plan
from mission.state import Status
from orchestrator.letters.there import Asking, There, reached
from tasks_md.holder import holder
from workspace.process import Stop

_POLL = 2.0  # seconds between two looks at the remote
#: How long an answer is waited for. Afterwards the request stays there.
PATIENCE = timedelta(minutes=3)


class NobodyThereError(RequestRefusedError):
    """No other clone carries the mission out, or not any more: ask here."""


def ask_there(
    place: Place,
    asking: Asking,
    *,
    stop: Stop,
    on_left: Callable[[Claimed], None],
) -> Answer:
    """Ask the run in another clone, and wait for its answer.

    Args:
        stop: Ends the waiting; the request is taken back.
        on_left: Told whom it was left for.

    Raises:
        NobodyThereError: No other clone carries the mission out. Nothing is left there.
        RequestLeftError: There was no answer yet.
        RequestRefusedError: The run refused it as a whole.
        StoppedError: A stop was requested.
        GitError: The remote cannot be reached.
    """
    with reached(place, load_config(place.config_file)) as there:
        found = None if there is None else there.look()
        if there is None or found is None or not found.held_there or found.claim is None:
            raise NobodyThereError("no run is under way in another clone")
        letter, commit = there.leave(asking)
        on_left(found.claim)
        answer = _wait(there, letter, commit, stop)
    if answer.error is not None:
        raise RequestRefusedError(f"the run in the other clone refuses it: {answer.error}")
    return answer


def _wait(there: There, letter: Letter, commit: str, stop: Stop) -> Answer:
    until = time.monotonic() + PATIENCE.total_seconds()
    while True:
        stop.wait(_POLL)
        try:
            answer, found = there.answer(letter)
        except GitError as error:  # the letter lies there all the same, and is answered
            why = f"the answer cannot be looked for: {error.message}"
        else:
            if answer is not None:
                return answer
            if not found.held_there and there.withdraw(letter, commit):
                raise NobodyThereError("the run in the other clone has ended")
            host = found.claim.host if found.claim is not None else "the other clone"
            why = f"the run on {host} has not answered yet"
        if stop.requested:
            there.withdraw(letter, commit)
            raise StoppedError(
                "the request is withdrawn",
                hint="If the run there has taken it in already, `mission status --fetch` shows so",
            )
        if time.monotonic() >= until:
            raise RequestLeftError(
                f"{why}; the request is left there",
                hint="`mission status --fetch` shows its answer; where that run is dead, "
                "`mission run --take-over` goes on here, and applies it",
            )


def look_there(place: Place) -> Elsewhere | None:
    """Ask the remote how the mission stands in another clone, and keep that for whoever looks at
    it here; None: there is no remote to ask.

    Raises:
        GitError: It cannot be reached.
    """
    with reached(place, load_config(place.config_file)) as there:
        return None if there is None else there.look()


def rows_that_are(place: Place, wanted: Status) -> tuple[str, ...]:
    """The rows with a status, in file order: as they stand where the mission is carried out, which
    is asked where that may be another clone. The file here may be behind.

    Raises:
        GitError: The remote cannot be reached.
        TaskFileError: The task file cannot be read.
    """
    plan, known = read_plan(place), read_elsewhere(place)
    names = {task.id for task in plan.tasks if task.status == wanted}
    if known is not None and known.held_there and holder(place.state_dir) is None:
        known = look_there(place)
        if known is not None and known.held_there:
            names = {row.task for row in known.there.rows if row.status == wanted}
    return tuple(task.id for task in plan.tasks if task.id in names)


def look_if_old(place: Place, *, now: datetime) -> None:
    """Ask the remote where `status.fetch` says so and what is known is older than that.

    Raises:
        GitError: It cannot be reached.
    """
    config = load_config(place.config_file)
    if config.status.fetch is None:
        return
    known = read_elsewhere(place)
    if known is None or not timedelta() <= now - known.looked <= config.status.fetch:
        look_there(place)
