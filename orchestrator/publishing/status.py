"""Status reaches the repository: commits of the task file on top of the base, through the gates."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from errors import BaseMovedError, MissionError, RemoteAwayError, told
from gates.protocol import GateRequest, Purpose
from mission.journal.kinds import StatusPublished
from orchestrator.context import Context
from orchestrator.publishing.absorbing import absorb, absorbed_commit, follow, note_absorbed
from orchestrator.publishing.own_commits import note_publishing
from orchestrator.publishing.reports import reports
from workspace import landing, status_commit
from workspace.side_thread import SideThread, cause

_TRIES = 5  # how often the base may move meanwhile before the next run has to do it


class Publisher:
    """Publishes after each change of status, where the mission asks for it, beside the run."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._changed = threading.Event()
        self._over = False
        self._thread = SideThread("publisher", self._run, on_death=self._say_death)

    def __enter__(self) -> Self:
        if self._context.config.status.commit == "each":
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over = True
        self._changed.set()
        self._thread.join()

    def changed(self) -> None:
        """The file was written. Changes that come while one is published go out together."""
        self._changed.set()

    def _say_death(self, error: BaseException) -> None:
        self._context.display.say(
            f"status is committed at the end of the run only, not after each change: {cause(error)}"
        )

    def _run(self) -> None:
        while True:
            self._changed.wait()
            self._changed.clear()
            if self._over:
                return  # the run publishes once more when the loop has ended
            publish_status(self._context)


def publish_status(context: Context) -> bool:
    """Commit the task file as it is now, and push it. True if the base holds it afterwards.

    What keeps it from being published is said, and is no error: the file on this machine is
    right, and the next run publishes it.
    """
    status = context.config.status
    if status.commit == "never" or (context.repository.remote is not None and not status.push):
        return False
    try:
        with context.base_lock:
            return _publish(context)
    except (MissionError, OSError) as error:
        reason = str(told(error))
        context.journal.record(StatusPublished(ok=False, reason=reason))
        context.display.say(f"status is written here, but not committed: {reason}")
        if isinstance(error, RemoteAwayError):
            context.stop.give_up(reason)  # nothing else would get any further
        return False
    finally:
        context.display.doing("status", "")


def _name(context: Context) -> str:
    """What people call the mission."""
    return context.config.mission or context.writer.read().mission or context.place.folder.name


def _publish(context: Context) -> bool:
    repository, path = context.repository, context.task_file
    for _ in range(_TRIES):
        base = repository.fetch_base()
        if status_commit.stored(repository.git, base, path) is None:
            context.display.say(f"{path} is not committed on {repository.base}; status stays here")
            return False
        absorb(context, base)
        follow(context, base)
        files = {path: context.place.task_file.read_bytes(), **reports(context)}
        if all(
            status_commit.holds(repository.git, base, name, content)
            for name, content in files.items()
        ):
            return True
        commit = status_commit.commit_files(
            repository.git,
            base=base,
            files=files,
            message=f"Update the status of {_name(context)}\n\n{status_commit.TRAILER}: yes\n",
        )
        if commit is None:
            return True
        request = GateRequest(purpose=Purpose.PUSH, branch=repository.base, base=repository.base)
        context.passage.pass_gates(request, task=None, attempt=None)
        note_publishing(context, commit, base=base, checked_out=absorbed_commit(context))
        try:
            landing.land(repository, commit, base)
        except BaseMovedError:
            continue
        note_absorbed(context, commit)
        follow(context, commit, keep=files)
        context.journal.record(StatusPublished(ok=True, commit=commit))
        return True
    raise BaseMovedError(f"{repository.base} moved {_TRIES} times meanwhile")
