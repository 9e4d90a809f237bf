"""The budget on a clock that is not waited for: the same ledger, and people who raise a limit once
it is reached, so that what comes behind is seen, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from mission.journal import Attempt
from orchestrator.ports.assignment import Metered, unlimited
from policy.budget import Amount, Cap, Ledger, Refusal, Scope
from tasks_md.model import Task


class PlayedPurse:
    """Sets aside, books, and notes which limits were reached."""

    limited = True

    def __init__(
        self,
        ledger: Ledger,
        amounts: Mapping[tuple[str, str], tuple[Amount, Amount]],
        now: datetime,
    ) -> None:
        """`amounts`: by row and agent the row's estimate, and what it is expected to use."""
        self.ledger = ledger
        self.broken: set[Scope] = set()
        self._amounts = amounts
        self._used: dict[str, Amount] = {}
        self._lifted: set[str] = set()  # rows that a person lets use more than their own limit
        self._day = now.date()

    def reserve(
        self, task: Task, agent: str, now: datetime, *, review: int | None = None
    ) -> Refusal | None:
        """See `orchestrator.admission.admission.Purse`."""
        self._turn_day(now)
        estimate, expected = self._amounts.get((task.id, agent), (Amount(), Amount()))
        part = expected
        if review is not None:
            share = review / estimate.tokens if estimate.tokens else 0.0
            part = Amount(tokens=review, cost_usd=expected.cost_usd * share)
        answer = self.ledger.reserve(task.id, estimate, part=part)
        if isinstance(answer, Refusal):
            if answer.final:
                self.broken.add(answer.scope)
            return answer
        self.ledger = answer
        return None

    def use(self, task: str, used: Amount) -> None:
        """A row has used this; it is booked as its job ends."""
        self._used[task] = self._used.get(task, Amount()) + used

    def release(self, task: str) -> None:
        """See `orchestrator.admission.admission.Purse`."""
        self.ledger = self.ledger.release(task)

    def settle(self, task: str, _attempt: int, now: datetime) -> None:
        """See `orchestrator.admission.admission.Purse`."""
        self._turn_day(now)
        self.ledger = self.ledger.settle(task, self._used.pop(task, Amount()))
        for scope, cap, spent in (
            (Scope.RUN, self.ledger.limits.run, self.ledger.run),
            (Scope.DAY, self.ledger.limits.day, self.ledger.day),
            (Scope.MISSION, self.ledger.limits.mission, self.ledger.mission),
        ):
            if _is_over(cap, spent):
                self.broken.add(scope)

    def token_limit(self, task: Task, agent: str) -> int | None:
        """See `orchestrator.admission.admission.Purse`."""
        if task.id in self._lifted:
            return None
        estimate, _ = self._amounts.get((task.id, agent), (Amount(), Amount()))
        left = self.ledger.allowance(task.id, estimate)
        return left.tokens if left is not None and left.tokens else None

    def lift(self, task: str) -> None:
        """A row has reached its own limit, and a person lets it use more."""
        self.broken.add(Scope.TASK)
        self._lifted.add(task)
        self.ledger = replace(self.ledger, tasks={**self.ledger.tasks, task: Amount()})

    def meter(self, _attempt: Attempt) -> Metered:
        """Plays draw what is used."""
        return unlimited

    def relieve(self, refusals: Mapping[str, Refusal]) -> bool:
        """Have a person lift what keeps rows from starting; False: only another day does."""
        scopes = {one.scope for one in refusals.values()}
        limits = self.ledger.limits
        if Scope.RUN in scopes:  # `mission run` again
            self.ledger = replace(self.ledger, run=Amount())
        if Scope.MISSION in scopes:
            self.ledger = replace(self.ledger, limits=replace(limits, mission=Cap()))
        if Scope.TASK in scopes:
            self.ledger = replace(self.ledger, limits=replace(limits, task_factor=None))
        return scopes != {Scope.DAY}

    def _turn_day(self, now: datetime) -> None:
        if now.date() > self._day:
            self._day = now.date()
            self.ledger = self.ledger.next_day()


class FullPurse:
    """Where nothing is limited."""

    limited = False

    def reserve(
        self, _task: Task, _agent: str, _now: datetime, *, review: int | None = None
    ) -> Refusal | None:
        """Always enough."""
        del review
        return None

    def release(self, task: str) -> None:
        """Nothing is set aside."""

    def settle(self, task: str, attempt: int, now: datetime) -> None:
        """Nothing is booked."""

    def token_limit(self, _task: Task, _agent: str) -> int | None:
        """None."""
        return None

    def meter(self, _attempt: Attempt) -> Metered:
        """None."""
        return unlimited


def _is_over(cap: Cap, spent: Amount) -> bool:
    return (cap.tokens is not None and spent.tokens > cap.tokens) or (
        cap.cost_usd is not None and spent.cost_usd > cap.cost_usd
    )
