"""Built-in operations: deterministic work that a row can run instead of an agent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from agents.protocol import Outcome
from mission.errors import MissionError, StoppedError
from mission.journal import Stage
from mission.state import Status
from orchestrator.assignment import Assignment
from orchestrator.context import Context
from orchestrator.ends import TaskEnd


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationEnd:
    """What an operation came to."""

    ok: bool
    word: str  # for the notes: what was checked, in one line
    outcome: Outcome = Outcome.SUCCESS


class Operation(Protocol):
    """One built-in piece of work. It is idempotent: a crash makes it run again."""

    def __call__(self, context: Context, assignment: Assignment, /) -> OperationEnd:
        """Do it. Raises a `MissionError` when something outside keeps it from being done."""


def noop(_context: Context, _assignment: Assignment) -> OperationEnd:
    """Nothing: a row that only orders others."""
    return OperationEnd(ok=True, word="")


class OperationRunner:
    """Carries out rows that run an operation."""

    def __init__(self, context: Context, find: Callable[[str], Operation]) -> None:
        self._context = context
        self._find = find

    def carry_out(self, assignment: Assignment) -> TaskEnd:
        """Run the operation. Never raises for what people can cause."""
        name = assignment.attempt.agent.partition(":")[2]
        try:
            end = self._find(name)(self._context, assignment)
        except StoppedError as stopped:
            return self._end(assignment, Status.NOT_STARTED, "stopped", "", stopped.message)
        except MissionError as error:
            return self._end(assignment, Status.BLOCKED, "blocked", str(error), str(error))
        finally:
            self._context.display.doing(assignment.task.id, "")
        self._context.journal.update_attempt(assignment.attempt.id, stage=Stage.CONFIRMED)
        status = Status.DONE if end.ok else Status.FAILED
        return self._end(assignment, status, str(end.outcome), end.word, "" if end.ok else end.word)

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
