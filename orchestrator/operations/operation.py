"""Built-in operations: deterministic work that a row can run instead of an agent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeVar

from errors import MissionError, RemoteAwayError, StoppedError, told
from mission.config.section import Section
from mission.journal import Attempt, Stage
from mission.journal.kinds import EvidenceFound
from mission.state import Status
from orchestrator.context import Context
from orchestrator.operations.evidence import OperationEnd
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.ends import TaskEnd


class Operation(Protocol):
    """One built-in piece of work. It is idempotent: a crash makes it run again."""

    def __call__(self, context: Context, assignment: Assignment, /) -> OperationEnd:
        """Do it. Raises a `MissionError` when something outside keeps it from being done."""


def noop(_context: Context, _assignment: Assignment) -> OperationEnd:
    """Nothing: a row that only orders others."""
    return OperationEnd(ok=True, word="")


_Arguments = TypeVar("_Arguments", bound=Section)


def arguments_of(context: Context, assignment: Assignment, model: type[_Arguments]) -> _Arguments:
    """What the row's `with` says. The run had not started if that were not what `model` accepts."""
    settings = context.config.tasks.get(assignment.task.id)
    given = settings.with_ if settings is not None else {}
    return model.model_validate(given, by_alias=True, by_name=False)


class OperationRunner:
    """Carries out rows that run an operation."""

    def __init__(self, context: Context, find: Callable[[str], Operation]) -> None:
        self._context = context
        self._find = find

    def carry_out(self, assignment: Assignment) -> TaskEnd:
        """Run the operation. Never raises for what people can cause."""
        attempt = assignment.attempt
        if attempt.stage is Stage.CONFIRMED and attempt.outcome is not None:
            return self._ended(assignment, attempt)  # a crash came before its row was written
        name = attempt.agent.partition(":")[2]
        try:
            end = self._context.operations.keep(
                name,
                assignment.task.id,
                assignment.attempt.number,
                lambda: self._operate(name, assignment),
            )
        except StoppedError as stopped:
            return self._end(assignment, Status.NOT_STARTED, "stopped", "", stopped.message)
        except RemoteAwayError as away:
            self._context.stop.give_up(str(away))
            return self._end(assignment, Status.NOT_STARTED, "stopped", "", str(away))
        except (MissionError, OSError) as error:
            word = str(told(error))
            return self._end(assignment, Status.BLOCKED, "blocked", word, word)
        finally:
            self._context.display.doing(assignment.task.id, "")
        attempt = self._context.journal.update_attempt(
            attempt.id,
            stage=Stage.CONFIRMED,
            outcome=str(end.outcome),
            summary=end.word,
            exit_code=0 if end.ok else 1,
        )
        return self._ended(assignment, attempt)

    def _ended(self, assignment: Assignment, attempt: Attempt) -> TaskEnd:
        """The end of an operation, as the journal has it."""
        ok, word = attempt.exit_code == 0, attempt.summary
        status = Status.DONE if ok else Status.FAILED
        return self._end(assignment, status, str(attempt.outcome), word, "" if ok else word)

    def _operate(self, name: str, assignment: Assignment) -> OperationEnd:
        """Do it, and journal what it found, without secrets."""
        redact = self._context.redactor.text
        try:
            end = self._find(name)(self._context, assignment)
        except MissionError as error:  # whoever records it shall not see more than we tell
            error.message, error.hint = redact(error.message), redact(error.hint)
            raise
        evidence = tuple(
            replace(one, found=redact(one.found), check=redact(one.check)) for one in end.evidence
        )
        with self._context.journal.together():
            for one in evidence:
                self._context.journal.record(
                    EvidenceFound(**one.facts()),
                    task=assignment.task.id,
                    attempt=assignment.attempt.id,
                )
        return replace(end, word=redact(end.word), evidence=evidence)

    def _end(
        self, assignment: Assignment, status: Status, outcome: str, word: str, reason: str
    ) -> TaskEnd:
        redact = self._context.redactor.text
        return TaskEnd(
            task=assignment.task.id,
            attempt=assignment.attempt.id,
            status=status,
            outcome=outcome,
            word=redact(word),
            reason=redact(reason),
        )
