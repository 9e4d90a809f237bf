"""Status reaches the repository: commits of the task file on top of the base, through the gates."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from errors import (
    BaseMovedError,
    ClaimLostError,
    MissionError,
    RemoteAwayError,
    StoppedError,
    told,
)
from gates.protocol import GateRequest, Purpose
from mission.config import MissionConfig
from mission.journal import Journal
from mission.journal.kinds import StatusPublished
from mission.place import Place
from orchestrator.gating.passage import Passage
from orchestrator.ports.display import Display
from orchestrator.publishing.own_commits import OwnCommits
from orchestrator.publishing.review_reports import ReviewReports
from orchestrator.publishing.taking_in import TakingIn
from tasks_md.parse import encode
from tasks_md.writer import StatusWriter
from workspace import branches, status_commit
from workspace.process import Stop
from workspace.repository import Repository
from workspace.side_thread import SideWork, cause

_TRIES = 5  # how often the base may move meanwhile before the next run has to do it


class Publisher(SideWork):
    """Publishes after each change of status, where the mission asks for it, beside the run."""

    def __init__(
        self, publish: Callable[[], object], *, each: bool, say: Callable[[str], None]
    ) -> None:
        """`each`: after each change, or never. `say` tells people a line."""
        super().__init__("publisher")
        self._publish = publish
        self._each = each
        self._say = say
        self._changed = threading.Event()

    def changed(self) -> None:
        """The file was written. Changes that come while one is published go out together."""
        self._changed.set()

    def _wanted(self) -> bool:
        return self._each

    def _end(self) -> None:
        super()._end()
        self._changed.set()

    def _work(self) -> None:
        while True:
            self._changed.wait()
            self._changed.clear()
            if self._over.is_set():
                return  # the run publishes once more when the loop has ended
            self._publish()

    def _note_death(self, error: BaseException) -> None:
        self._say(
            f"status is committed at the end of the run only, not after each change: {cause(error)}"
        )


@dataclass(frozen=True, kw_only=True)
class StatusCommits:
    """Status, as commits of the task file on top of the base."""

    taking_in: TakingIn
    own_commits: OwnCommits
    reports: ReviewReports
    passage: Passage
    place: Place
    config: MissionConfig
    journal: Journal
    writer: StatusWriter
    repository: Repository
    task_file: str
    base_lock: Lock
    display: Display
    stop: Stop

    def publish_status(self, what: str = "") -> bool:
        """Commit the task file as it is now, and push it. True if the base holds it afterwards.

        `what`: the commit's subject, where it holds more than statuses.

        What keeps it from being published is said, and is no error: the file on this machine is
        right, and the next run publishes it.
        """
        status = self.config.status
        if status.commit == "never" or (self.repository.remote is not None and not status.push):
            return False
        try:
            with self.base_lock:
                return self._publish(what)
        except ClaimLostError as lost:  # who has the mission now writes down how it is
            self.journal.record(StatusPublished(ok=False, reason=str(lost)))
            self.display.say(f"status is written here, but not committed: {lost}")
            return False
        except StoppedError as stopped:
            if self._is_published():
                return True
            self.journal.record(StatusPublished(ok=False, reason=str(stopped)))
            self.display.say(
                f"the statuses are in {self.task_file}, and not on {self.repository.base} yet: "
                "the next `mission run` puts them there"
            )
            return False
        except (MissionError, OSError) as error:
            reason = str(told(error))
            self.journal.record(StatusPublished(ok=False, reason=reason))
            self.display.say(f"status is written here, but not committed: {reason}")
            if isinstance(error, RemoteAwayError):
                self.stop.give_up(reason)  # nothing else would get any further
            return False
        finally:
            self.display.doing("status", "")

    def _is_published(self) -> bool:
        """Whether the base, as it was last heard of, has the file as it is here."""
        repository = self.repository
        try:
            content = encode(self.writer.read().text)
            base = repository.base_tip()
            return status_commit.holds(repository.git, base, self.task_file, content)
        except (MissionError, OSError):
            return False

    def _name(self) -> str:
        """What people call the mission."""
        return self.config.mission or self.writer.read().mission or self.place.folder.name

    def _publish(self, what: str) -> bool:
        repository, path = self.repository, self.task_file
        for _ in range(_TRIES):
            base = repository.fetch_base()
            if status_commit.stored(repository.git, base, path) is None:
                self.display.say(f"{path} is not committed on {repository.base}; status stays here")
                return False
            self.taking_in.take_in(base)
            plan = self.writer.read()  # puts back what somebody has stashed
            files = {path: encode(plan.text), **self.reports.reports()}
            self.taking_in.follow(base, keep=files)
            if all(
                status_commit.holds(repository.git, base, name, content)
                for name, content in files.items()
            ):
                return True
            commit = status_commit.commit_files(
                repository.git,
                base=base,
                files=files,
                message=f"{what or f'Update the status of {self._name()}'}\n\n"
                f"{status_commit.TRAILER}: yes\n",
            )
            if commit is None:
                return True
            request = GateRequest(
                purpose=Purpose.PUSH, branch=repository.base, base=repository.base
            )
            self.passage.pass_gates(request, task=None, attempt=None)
            self.own_commits.note_publishing(
                commit, base=base, checked_out=self.taking_in.taken_in_commit()
            )
            try:
                branches.move_base(repository, commit, base)
            except BaseMovedError:
                continue
            self.taking_in.note_taken_in(commit)
            self.taking_in.follow(commit, keep=files)
            self.journal.record(StatusPublished(ok=True, commit=commit))
            return True
        raise BaseMovedError(f"{repository.base} moved {_TRIES} times meanwhile")
