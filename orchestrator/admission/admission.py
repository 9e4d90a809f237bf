"""Whether a row may start now: its provider may rest, its budget may be used up."""

from __future__ import annotations

from agents.budget import Refusal
from orchestrator.admission.budgeting import Budget
from orchestrator.admission.delays import Delays
from orchestrator.context import Context
from orchestrator.dispatch import Dispatcher
from orchestrator.ends import TaskEnd
from tasks_md.model import Task


class Admission:
    """Rows that wait for a time or for money, and why."""

    def __init__(self, context: Context, dispatcher: Dispatcher) -> None:
        self._context = context
        self._dispatcher = dispatcher
        self._budget = Budget(context.config, context.journal, context.run, context.clock())
        self._told: set[str] = set()  # rows whose refusal was said
        self.delays = Delays()
        self.refused: dict[str, Refusal] = {}  # rows that a limit keeps from starting

    def ended(self, end: TaskEnd, agent: str) -> None:
        """An attempt by `agent` is over: book it, and note when its row is tried again."""
        self._budget.settle(end.task, end.attempt, self._context.clock())
        self.refused.clear()
        if end.again is not None:
            self.delays.add(end.task, end.again, self._dispatcher.provider(agent))

    def admits(self, row: Task, agent: str) -> bool:
        """Whether `agent` may start with the row now. Its estimate is set aside if so.

        Raises:
            AgentError: The agent is not configured.
        """
        now = self._context.clock()
        until = self.delays.rest(self._dispatcher.provider(agent), now)
        if until is not None:
            self.delays.hold(row.id, until)
            return False
        refusal = self._budget.reserve(row, agent, now)
        if refusal is None:
            return True
        self.refused[row.id] = refusal
        if refusal.final and row.id not in self._told:
            self._told.add(row.id)
            self._context.display.say(f"{refusal.message}. {refusal.hint}")
        return False

    def token_limit(self, row: Task, agent: str) -> int | None:
        """How many tokens an attempt by `agent` may use; None where no limit says so."""
        return self._budget.token_limit(row, agent)
