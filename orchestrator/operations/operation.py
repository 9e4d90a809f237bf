"""Built-in operations: deterministic work that a row can run instead of an agent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from errors import MissionError, RemoteAwayError, StoppedError, told
from mission.config import MissionConfig
from mission.config.section import Section
from mission.journal import Attempt, End, Journal, Step
from mission.journal.kinds import EvidenceFound
from mission.place import Place
from mission.state import Status
from orchestrator.gating.passage import Passage
from orchestrator.operations.evidence import OperationEnd, OperationRecord
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.display import Display
from orchestrator.ports.ends import TaskEnd
from workspace.disks import Disks
from workspace.process import Stop
from workspace.redact import Redactor
from workspace.repository import Repository


@dataclass(frozen=True, kw_only=True)
class Means:
    """What an operation may use."""

    place: Place  # where the mission's files are
    config: MissionConfig
    repository: Repository
    passage: Passage  # the gates
    display: Display
    stop: Stop  # the row's, once it is carried out
    disks: Disks


class Operation(Protocol):
    """One built-in piece of work. It is idempotent: a crash makes it run again."""

    def __call__(self, means: Means, assignment: Assignment, /) -> OperationEnd:
        """Do it. Raises a `MissionError` when something outside keeps it from being done."""


def noop(_means: Means, _assignment: Assignment) -> OperationEnd:
    """Nothing: a row that only orders others."""
    return OperationEnd(ok=True, word="")


_Arguments = TypeVar("_Arguments", bound=Section)


def arguments_of(means: Means, assignment: Assignment, model: type[_Arguments]) -> _Arguments:
    """What the row's `with` says. The run had not started if that were not what `model` accepts."""
    settings = means.config.tasks.get(assignment.task.id)
    given = settings.with_ if settings is not None else {}
    return model.model_validate(given, by_alias=True, by_name=False)


class OperationRunner:
    """Carries out rows that run an operation."""

    def __init__(
        self,
        means: Means,
        find: Callable[[str], Operation],
        *,
        record: OperationRecord,
        journal: Journal,
        redactor: Redactor,
    ) -> None:
        """`record`: the engine's."""
        self._means = means
        self._find = find
        self._record = record
        self._journal = journal
        self._redactor = redactor

    def carry_out(self, assignment: Assignment) -> TaskEnd:
        """Run the operation. Never raises for what people can cause."""
        attempt = assignment.attempt
        if attempt.step is Step.CONFIRMED:
            return self._ended(assignment, attempt)  # a crash came before its row was written
        name = attempt.agent.partition(":")[2]
        try:
            end = self._record.keep(
                name,
                assignment.task.id,
                assignment.attempt.number,
                lambda: self._operate(name, assignment),
            )
        except StoppedError as stopped:
            return self._end(assignment, Status.NOT_STARTED, End.STOPPED, "", stopped.message)
        except RemoteAwayError as away:
            self._means.stop.give_up(str(away))
            return self._end(assignment, Status.NOT_STARTED, End.STOPPED, "", str(away))
        except (MissionError, OSError) as error:
            disk = self._means.disks.to_blame(error)
            if disk is not None:
                stopped_by = self._end(assignment, Status.NOT_STARTED, End.STOPPED, "", str(disk))
                return replace(stopped_by, closes=True)
            word = str(told(error))
            return self._end(assignment, Status.BLOCKED, End.HELD_UP, word, word)
        finally:
            self._means.display.doing(assignment.task.id, "")
        attempt = self._journal.advance_attempt(
            attempt.id,
            Step.CONFIRMED,
            summary=end.word,
            exit_code=0 if end.ok else 1,
        )
        return self._ended(assignment, attempt)

    def _ended(self, assignment: Assignment, attempt: Attempt) -> TaskEnd:
        """The end of an operation, as the journal has it."""
        ok, word = attempt.exit_code == 0, attempt.summary
        if ok:
            return self._end(assignment, Status.DONE, End.SUCCESS, word, "")
        return self._end(assignment, Status.FAILED, End.FAILED, word, word)

    def _operate(self, name: str, assignment: Assignment) -> OperationEnd:
        """Do it, and journal what it found, without secrets."""
        redact = self._redactor.text
        try:
            end = self._find(name)(replace(self._means, stop=assignment.stop), assignment)
        except MissionError as error:  # whoever records it shall not see more than we tell
            error.message, error.hint = redact(error.message), redact(error.hint)
            raise
        evidence = tuple(
            replace(one, found=redact(one.found), check=redact(one.check)) for one in end.evidence
        )
        with self._journal.together():
            for one in evidence:
                self._journal.record(
                    EvidenceFound(**one.facts()),
                    task=assignment.task.id,
                    attempt=assignment.attempt.id,
                )
        return replace(end, word=redact(end.word), evidence=evidence)

    def _end(
        self, assignment: Assignment, status: Status, end: End, word: str, reason: str
    ) -> TaskEnd:
        redact = self._redactor.text
        return TaskEnd(
            task=assignment.task.id,
            attempt=assignment.attempt.id,
            status=status,
            end=end,
            word=redact(word),
            reason=redact(reason),
        )
