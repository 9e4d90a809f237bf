"""The mission's budget: reserved before a row starts, booked when it ends."""

from __future__ import annotations

from datetime import date, datetime, time

from agents.budget import Amount, Cap, Ledger, Limits, Refusal
from agents.prices import Prices
from agents.protocol import Usage
from agents.registry import settings as agent_settings
from mission.config import Limit, MissionConfig
from mission.journal import Attempt, Journal, Spent
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
        # What is in these sums of each attempt: one that goes on after a crash, an approval or a
        # gate that held it up is booked again when it ends, with what it used since.
        self._booked = {one.id: _used(one) for one in journal.attempts()}
        self._limited = any(
            limit.tokens is not None or limit.usd is not None
            for limit in (limits.run, limits.day, limits.mission)
        ) or (limits.task_factor is not None)

    def reserve(self, task: Task, agent: str, now: datetime) -> Refusal | None:
        """Set the row's estimate aside; a refusal if a limit would be broken."""
        if not self._limited:
            return None
        self._turn_day(now)
        answer = self._ledger.reserve(task.id, self._estimate(task, agent))
        if isinstance(answer, Refusal):
            return answer
        self._ledger = answer
        return None

    def token_limit(self, task: Task, agent: str) -> int | None:
        """How many tokens an attempt at the row may use; None where no limit says so."""
        left = self._ledger.allowance(task.id, self._estimate(task, agent))
        return left.tokens if left is not None and left.tokens else None

    def settle(self, task: str, attempt: int, now: datetime) -> None:
        """Book what an attempt used since it was last booked, and free what was reserved for it."""
        if not self._limited:
            return
        self._turn_day(now)
        used = next((one for one in self._journal.attempts(task) if one.id == attempt), None)
        if used is not None:
            total, booked = _used(used), self._booked.get(attempt, Amount())
            self._booked[attempt] = total
            new = Amount(
                tokens=max(0, total.tokens - booked.tokens),
                cost_usd=max(0.0, total.cost_usd - booked.cost_usd),
            )
            self._ledger = self._ledger.settle(task, new)

    def _turn_day(self, now: datetime) -> None:
        if now.date() != self._day:
            self._day = now.date()
            self._ledger = self._ledger.next_day()

    def _estimate(self, task: Task, agent: str) -> Amount:
        """The row's estimate, in money at the highest rate of its agent's model."""
        tokens = task.estimate_tokens or 0
        model = None if ":" in agent else agent_settings(agent, self._config).model
        cost = self._prices.cost(Usage(output_tokens=tokens), model)
        return Amount(tokens=tokens, cost_usd=cost or 0.0)


def _cap(limit: Limit) -> Cap:
    return Cap(tokens=limit.tokens, cost_usd=limit.usd)


def _used(attempt: Attempt) -> Amount:
    return Amount(tokens=attempt.tokens, cost_usd=attempt.cost_usd or 0.0)


def _amount(spent: Spent) -> Amount:
    return Amount(tokens=spent.tokens, cost_usd=spent.cost_usd or 0.0)


def _midnight(day: date, now: datetime) -> datetime:
    return datetime.combine(day, time(), now.tzinfo)
