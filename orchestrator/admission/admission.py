"""Whether a row may start now: its provider may rest, its budget may be used up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

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
            now = self._context.clock()
            # What waits for a provider is looked at again right away: somebody may stand in.
            back = replace(end.again, at=now) if end.again.rests is not None else end.again
            self.delays.add(end.task, back, self._dispatcher.provider(agent))

    def admits(self, row: Task, agent: str) -> str | None:
        """Who may start with the row now: `agent`, or who stands in for it while its provider
        rests; None if nobody may. The row's estimate is set aside for whom it names.

        Raises:
            AgentError: One of these agents is not configured.
        """
        now = self._context.clock()
        chosen, until = self._at_work(agent, now)
        if until is not None:
            routed = self._dispatcher.carrier(row)
            self.delays.hold(row.id, until, None if agent == routed else agent)
            return None
        refusal = self._budget.reserve(row, chosen, now)
        if refusal is None:
            return chosen
        self.refused[row.id] = refusal
        if refusal.final and row.id not in self._told:
            self._told.add(row.id)
            self._context.display.say(f"{refusal.message}. {refusal.hint}")
        return None

    def _at_work(self, agent: str, now: datetime) -> tuple[str, datetime | None]:
        """The first of `agent` and those who stand in for it whose provider takes work; if all of
        them rest, when the first of them is back."""
        back: list[datetime] = []
        for name in self._dispatcher.line_up(agent):
            until = self.delays.rest(self._dispatcher.provider(name), now)
            if until is None:
                return name, None
            back.append(until)
        return agent, min(back)

    def token_limit(self, row: Task, agent: str) -> int | None:
        """How many tokens an attempt by `agent` may use; None where no limit says so."""
        return self._budget.token_limit(row, agent)
