"""The mission's budget: reserved before a row starts, booked when it ends."""

from __future__ import annotations

from datetime import date, datetime, time

from agents.budget import Amount, Cap, Ledger, Limits, Refusal
from agents.prices import Prices
from agents.protocol import Usage
from agents.registry import settings as agent_settings
from mission.config import Limit, MissionConfig
from mission.journal import Journal, Spent
from tasks_md.model import Task


class Budget:
    """What may still be spent. The journal holds what was; this keeps the running total."""

    def __init__(self, config: MissionConfig, journal: Journal, run: int, now: datetime) -> None:
        self._config = config
        self._journal = journal
        self._prices = Prices.of(config)
        self._day = now.date()
        limits = config.budget
        self._ledger = Ledger(
            limits=Limits(
                task_factor=limits.task_factor,
                run=_cap(limits.run),
                day=_cap(limits.day),
                mission=_cap(limits.mission),
            ),
            run=_amount(journal.spent(run=run)),
            day=_amount(journal.spent(since=_midnight(now.date(), now))),
            mission=_amount(journal.spent()),
            tasks={task: _amount(spent) for task, spent in journal.spent_by_task().items()},
        )
        self._limited = any(
            limit.tokens is not None or limit.usd is not None
            for limit in (limits.run, limits.day, limits.mission)
        ) or (limits.task_factor is not None)

    def reserve(self, task: Task, agent: str, now: datetime) -> Refusal | None:
        """Set the row's estimate aside; a refusal if a limit would be broken."""
        if not self._limited:
            return None
        if now.date() != self._day:
            self._day = now.date()
            self._ledger = self._ledger.next_day()
        answer = self._ledger.reserve(task.id, self._estimate(task, agent))
        if isinstance(answer, Refusal):
            return answer
        self._ledger = answer
        return None

    def token_limit(self, task: Task, agent: str) -> int | None:
        """How many tokens an attempt at the row may use; None where no limit says so."""
        left = self._ledger.allowance(task.id, self._estimate(task, agent))
        return left.tokens if left is not None and left.tokens else None

    def settle(self, task: str, attempt: int) -> None:
        """Book what an attempt used, and free what was reserved for it."""
        if not self._limited:
            return
        used = next((one for one in self._journal.attempts(task) if one.id == attempt), None)
        if used is not None:
            amount = Amount(tokens=used.tokens, cost_usd=used.cost_usd or 0.0)
            self._ledger = self._ledger.settle(task, amount)

    def _estimate(self, task: Task, agent: str) -> Amount:
        """The row's estimate, in money at the highest rate of its agent's model."""
        tokens = task.estimate_tokens or 0
        model = None if ":" in agent else agent_settings(agent, self._config).model
        cost = self._prices.cost(Usage(output_tokens=tokens), model)
        return Amount(tokens=tokens, cost_usd=cost or 0.0)


def _cap(limit: Limit) -> Cap:
    return Cap(tokens=limit.tokens, cost_usd=limit.usd)


def _amount(spent: Spent) -> Amount:
    return Amount(tokens=spent.tokens, cost_usd=spent.cost_usd or 0.0)


def _midnight(day: date, now: datetime) -> datetime:
    return datetime.combine(day, time(), now.tzinfo)
