"""Budgets: what is reserved before a dispatch, so that parallel tasks cannot overshoot together.

Pure: no clock, no files. The orchestrator fills a ledger from the journal and keeps the newest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Scope(StrEnum):
    """What a limit is for, or who refuses."""

    TASK = "task"
    RUN = "run"
    DAY = "day"
    MISSION = "mission"
    PROVIDER = "provider"  # no budget of ours: it takes no work


@dataclass(frozen=True, kw_only=True, slots=True)
class Amount:
    """Tokens and money, spent or reserved."""

    tokens: int = 0  # new ones: input that was not cached, and output
    cost_usd: float = 0.0

    def __add__(self, other: Amount) -> Amount:
        return Amount(tokens=self.tokens + other.tokens, cost_usd=self.cost_usd + other.cost_usd)

    def since(self, earlier: Amount) -> Amount:
        """What came after `earlier`; never less than nothing."""
        return Amount(
            tokens=max(0, self.tokens - earlier.tokens),
            cost_usd=max(0.0, self.cost_usd - earlier.cost_usd),
        )

    def at_least(self, other: Amount) -> Amount:
        """The larger of each."""
        return Amount(
            tokens=max(self.tokens, other.tokens), cost_usd=max(self.cost_usd, other.cost_usd)
        )


_ROUNDING = 1e-7  # US dollars: what sums of prices differ by is not spending


@dataclass(frozen=True, kw_only=True, slots=True)
class Cap:
    """The most that may be spent. None: no limit of that kind."""

    tokens: int | None = None
    cost_usd: float | None = None

    def refuses(self, spent: Amount, wanted: Amount) -> str | None:
        """What `wanted` on top of `spent` would come to, in words, if it is too much, else None.

        Once a limit is reached, a task without an estimate is too much as well.
        """
        total = spent + wanted
        if self.tokens is not None and (total.tokens > self.tokens or spent.tokens >= self.tokens):
            return f"{total.tokens:,} of {self.tokens:,} tokens"
        if self.cost_usd is not None and (
            total.cost_usd > self.cost_usd + _ROUNDING or spent.cost_usd >= self.cost_usd
        ):
            return f"${total.cost_usd:.2f} of ${self.cost_usd:.2f}"
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """All limits of a mission."""

    task_factor: float | None = None  # of the task's estimate, over all of its attempts
    run: Cap = Cap()
    day: Cap = Cap()
    mission: Cap = Cap()

    @property
    def money(self) -> str | None:
        """The first limit that is one of money, as `mission.yaml` names it; None if none is."""
        caps = {Scope.RUN: self.run, Scope.DAY: self.day, Scope.MISSION: self.mission}
        found = (scope for scope, cap in caps.items() if cap.cost_usd is not None)
        return next((f"budget.{scope}.usd" for scope in found), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why a task may not be dispatched now."""

    scope: Scope
    task: str
    final: bool  # False: it may fit once attempts that are under way have ended
    message: str  # one line: the limit, and what it would come to
    hint: str  # what to type to go on


_NOTHING = Amount()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """What was spent and what is reserved. Every method returns a new ledger or a refusal."""

    limits: Limits = Limits()
    run: Amount = _NOTHING  # spent in this run
    day: Amount = _NOTHING  # spent today, in every run of the mission
    mission: Amount = _NOTHING  # spent ever
    tasks: Mapping[str, Amount] = field(default_factory=dict)  # spent ever, per task
    reserved: Mapping[str, Amount] = field(default_factory=dict)  # for attempts under way

    def allowance(self, task: str, estimate: Amount) -> Amount | None:
        """What `task` may still use of its own limit; None: there is none, or no estimate."""
        factor = self.limits.task_factor
        if factor is None or not (estimate.tokens or estimate.cost_usd):
            return None
        spent = self.tasks.get(task, _NOTHING)
        return Amount(
            tokens=max(0, int(estimate.tokens * factor) - spent.tokens),
            cost_usd=max(0.0, estimate.cost_usd * factor - spent.cost_usd),
        )

    def tokens_left(self) -> int | None:
        """Until the first limit of tokens is reached; None where none is set."""
        left = [
            cap.tokens - spent.tokens for _, cap, spent in self._scopes() if cap.tokens is not None
        ]
        return max(0, min(left)) if left else None

    def reserve(
        self, task: str, estimate: Amount, *, part: Amount | None = None
    ) -> Ledger | Refusal:
        """Set `estimate` aside for an attempt at `task`, unless a limit would be broken.

        A task that already used part of its own limit reserves at most what is left of it.
        A second reservation of one task replaces its first.

        Args:
            estimate: Of the whole task.
            part: Set this aside instead: what a part of the task, such as its review, is to cost.
        """
        wanted = part if part is not None else estimate
        left = self.allowance(task, estimate)
        if left is not None:
            if (estimate.tokens and not left.tokens) or (estimate.cost_usd and not left.cost_usd):
                return self._task_refusal(task, estimate)
            wanted = Amount(
                tokens=min(wanted.tokens, left.tokens),
                cost_usd=min(wanted.cost_usd, left.cost_usd),
            )
        others = {name: held for name, held in self.reserved.items() if name != task}
        held = sum(others.values(), _NOTHING)
        for scope, cap, spent in self._scopes():
            broken = cap.refuses(spent + held, wanted)
            if broken is not None:
                final = cap.refuses(spent, wanted) is not None
                return _refusal(scope, task, broken, final=final)
        return replace(self, reserved={**others, task: wanted})

    def grown(self, live: Mapping[str, Amount]) -> Ledger:
        """No less is set aside for each attempt under way than it has used by now."""
        held = {
            task: amount.at_least(live.get(task, _NOTHING))
            for task, amount in self.reserved.items()
        }
        return replace(self, reserved=held)

    def passed(self, task: str, live: Amount, wanted: Amount) -> Refusal | None:
        """Why `wanted` more for `task` would break a limit, with all that attempts under way have
        used since they were booked; None if it would not."""
        for scope, cap, spent in self._scopes():
            broken = cap.refuses(spent + live, wanted)
            if broken is not None:
                return _refusal(scope, task, broken, final=True)
        return None

    def settle(self, task: str, actual: Amount) -> Ledger:
        """The attempt at `task` ended: book what it used, free what was reserved."""
        return replace(
            self,
            run=self.run + actual,
            day=self.day + actual,
            mission=self.mission + actual,
            tasks={**self.tasks, task: self.tasks.get(task, _NOTHING) + actual},
        ).release(task)

    def release(self, task: str) -> Ledger:
        """The attempt at `task` does not take place: free what was reserved."""
        held = {name: amount for name, amount in self.reserved.items() if name != task}
        return replace(self, reserved=held)

    def next_day(self) -> Ledger:
        """The same ledger after midnight."""
        return replace(self, day=_NOTHING)

    def _scopes(self) -> tuple[tuple[Scope, Cap, Amount], ...]:
        return (
            (Scope.RUN, self.limits.run, self.run),
            (Scope.DAY, self.limits.day, self.day),
            (Scope.MISSION, self.limits.mission, self.mission),
        )

    def _task_refusal(self, task: str, estimate: Amount) -> Refusal:
        spent = self.tasks.get(task, _NOTHING)
        factor = self.limits.task_factor
        return Refusal(
            scope=Scope.TASK,
            task=task,
            final=True,
            message=f"{task} used {spent.tokens:,} tokens (${spent.cost_usd:.2f}),"
            f" which is its limit of {factor:g} × its estimate of {estimate.tokens:,}",
            hint="Raise its estimate in the task file, or `budget.task_factor` in mission.yaml,"
            " then type `mission run`",
        )


_GO_ON = {
    Scope.RUN: "Type `mission run` for another run, or raise `budget.run` in mission.yaml first",
    Scope.DAY: "Type `mission run` tomorrow, or raise `budget.day` in mission.yaml first",
    Scope.MISSION: "Raise `budget.mission` in mission.yaml, then type `mission run`",
}


def _refusal(scope: Scope, task: str, broken: str, *, final: bool) -> Refusal:
    return Refusal(
        scope=scope,
        task=task,
        final=final,
        message=f"{task} would bring this {scope} to {broken}",
        hint=_GO_ON[scope],
    )
