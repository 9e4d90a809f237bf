"""The mission's budget: reserved before a row starts, booked when it ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time

from agents.prices import Prices
from agents.registry import model as model_of
from agents.registry import settings as agent_settings
from errors import AgentError, BudgetError
from mission.config import Limit, MissionConfig
from mission.journal import Attempt, Journal
from mission.usage import Tokens, Usage
from orchestrator.admission.meter import Meter
from orchestrator.admission.rests import is_operation
from orchestrator.ports.assignment import Metered, unlimited
from orchestrator.workplace.tuned import settings_for
from policy.budget import Amount, Cap, Ledger, Limits, Refusal, Scope
from tasks_md.model import Task

# What agents use for a million new tokens, until the mission's own attempts tell: three quarters
# are input, and ten times as much is read from the cache.
_USUAL = Tokens(input=10_750_000, cached=10_000_000, output=250_000)
_TELLING = 50_000  # new tokens: of less, the mix says little

PLANNING = "expand"  # the journal's route of an attempt that plans a milestone


class Budget:
    """What may still be spent. The journal holds what was; this keeps the running total."""

    def __init__(self, config: MissionConfig, journal: Journal, run: int, now: datetime) -> None:
        self._config = config
        self._journal = journal
        self._prices = Prices.of(config)
        self._day = now.date()
        limits = limits_of(config)
        self._limited = limits != Limits()
        attempts = journal.attempts() if self._limited else []
        # What is in these sums of each attempt: one that goes on after a crash, an approval or a
        # gate that held it up is booked again when it ends, with what it used since.
        self._booked = {one.id: self._used(one) for one in attempts}
        self._planning = max(
            (self._booked[one.id].tokens for one in attempts if one.route == PLANNING), default=0
        )
        tasks: dict[str, Amount] = {}
        for one in attempts:
            tasks[one.task] = tasks.get(one.task, Amount()) + self._booked[one.id]
        midnight = datetime.combine(now.date(), time(), now.tzinfo)
        mine = [one for one in attempts if one.run == run]
        today = [one for one in attempts if one.ended is None or one.ended >= midnight]
        self._ledger = Ledger(
            limits=limits,
            run=self._sum(mine),
            day=self._sum(today),
            mission=self._sum(attempts),
            tasks=tasks,
        )
        self._meter = Meter(self._ledger)
        self._mixes = _mixes(attempts)
        # Models of unknown price that were used where money is limited.
        scopes = ((limits.run, mine), (limits.day, today), (limits.mission, attempts))
        self._unpriced = {
            self._model(one.agent)
            for cap, its in scopes
            if cap.cost_usd is not None
            for one in its
            if self._cost(one) is None
        }

    @property
    def limited(self) -> bool:
        """Whether anything may be refused."""
        return self._limited

    @property
    def ledger(self) -> Ledger:
        """What was spent and what is set aside, as it is now."""
        return self._ledger

    def reserve(
        self, task: Task, agent: str, now: datetime, *, review: int | None = None
    ) -> Refusal | None:
        """Set the row's estimate aside, or that of its review in tokens; a refusal if a limit would
        be broken, or if nobody could tell whether it is."""
        if not self._limited:
            return None
        self._turn_day(now)
        refusal = self._unknown(task.id, agent, task) or self._meter.ended(task.id)
        if refusal is not None:
            return refusal
        row = self.estimate(task, agent)
        tokens = (task.estimate_tokens or 0) if review is None else review
        grown = self._meter.grown(self._ledger)
        answer = grown.reserve(task.id, row, part=self.expected(tokens, agent, task))
        if isinstance(answer, Refusal):
            return answer
        self._ledger = answer
        return None

    def meter(self, attempt: Attempt) -> Metered:
        """What is to be told all that an attempt and its reviews have used, as that grows."""
        if not self._limited:
            return unlimited
        booked = self._booked.get(attempt.id, Amount())

        def look(usage: Usage) -> str | None:
            used = Amount(tokens=usage.tokens, cost_usd=usage.cost_usd or 0.0)
            return self._meter.look(attempt.task, used.since(booked))

        return look

    def release(self, task: str) -> None:
        """Free what was set aside for a row that does not start after all."""
        self._ledger = self._ledger.release(task)

    def admit_planning(self, milestone: str, agent: str) -> int | None:
        """How many tokens the planning of a milestone may use; None where no limit says so. It is
        taken for as dear as the dearest of the mission so far.

        Raises:
            BudgetError: A limit would be broken, or nobody could tell whether it is.
        """
        if not self._limited:
            return None
        answer = self._unknown(milestone, agent) or self._ledger.reserve(
            milestone, self.expected(self._planning, agent)
        )
        if isinstance(answer, Refusal):
            raise BudgetError(answer.message, hint=answer.hint)
        return self._ledger.tokens_left()

    def token_limit(self, task: Task, agent: str) -> int | None:
        """How many tokens an attempt at the row may use; None where no limit says so."""
        left = self._ledger.allowance(task.id, self.estimate(task, agent))
        return left.tokens if left is not None and left.tokens else None

    def settle(self, task: str, attempt: int, now: datetime) -> None:
        """Book what an attempt used since it was last booked, and free what was reserved for it."""
        if not self._limited:
            return
        self._turn_day(now)
        used = next((one for one in self._journal.attempts(task) if one.id == attempt), None)
        if used is not None:
            total, booked = self._used(used), self._booked.get(attempt, Amount())
            self._booked[attempt] = total
            new = Amount(
                tokens=max(0, total.tokens - booked.tokens),
                cost_usd=max(0.0, total.cost_usd - booked.cost_usd),
            )
            self._ledger = self._ledger.settle(task, new)
            self._meter.book(self._ledger, task=task)

    def _turn_day(self, now: datetime) -> None:
        if now.date() > self._day:  # a clock set back over midnight begins no day anew
            self._day = now.date()
            self._ledger = self._ledger.next_day()
            self._meter.book(self._ledger)
            self._meter.forget_ended()

    def _unknown(self, task: str, agent: str, row: Task | None = None) -> Refusal | None:
        """A refusal where money is limited, and what was or would be used has no known price."""
        told = unknown_price(self._config, agent, self._unpriced, row=row)
        if told is None:
            return None
        return Refusal(scope=Scope.MISSION, task=task, final=True, message=told[0], hint=told[1])

    def estimate(self, task: Task, agent: str) -> Amount:
        """The most that a row's estimate stands for: in money at the rate of output."""
        tokens = task.estimate_tokens or 0
        cost = self._prices.cost(Usage(output_tokens=tokens), _model(self._config, agent, task))
        return Amount(tokens=tokens, cost_usd=cost or 0.0)

    def expected(self, tokens: int, agent: str, row: Task | None = None) -> Amount:
        """What an estimate is expected to come to: in money by the mix of tokens that the agent
        has used in this mission, or that such tools use."""
        mix = self._mixes.get(agent, _USUAL)
        model = _model(self._config, agent, row)
        cost = self._prices.cost(Usage.of({"": mix}), model) or 0.0
        return Amount(tokens=tokens, cost_usd=cost * tokens / _new(mix))

    def _sum(self, attempts: Iterable[Attempt]) -> Amount:
        return sum((self._booked[one.id] for one in attempts), Amount())

    def _used(self, attempt: Attempt) -> Amount:
        return Amount(tokens=attempt.tokens, cost_usd=self._cost(attempt) or 0.0)

    def _cost(self, attempt: Attempt) -> float | None:
        """What an attempt cost: as journalled, or by the price that is known by now."""
        if attempt.cost_usd is not None:
            return attempt.cost_usd
        usage = Usage(
            input_tokens=attempt.input_tokens,
            cached_tokens=attempt.cached_tokens,
            output_tokens=attempt.output_tokens,
        )
        return 0.0 if usage.nothing else self._prices.cost(usage, self._model(attempt.agent))

    def _model(self, agent: str) -> str:
        return _model(self._config, agent)


def _new(mix: Tokens) -> int:
    """The tokens of a mix that estimates mean."""
    return mix.input - mix.cached + mix.output


def _mixes(attempts: Iterable[Attempt]) -> dict[str, Tokens]:
    """Of each agent that has used enough to tell, what it has used."""
    sums: dict[str, Tokens] = {}
    for one in attempts:
        used = Tokens(
            input=one.input_tokens,
            cached=one.cached_tokens,
            output=one.output_tokens,
        )
        sums[one.agent] = sums.get(one.agent, Tokens()).plus(used)
    return {agent: mix for agent, mix in sums.items() if _new(mix) >= _TELLING}


def limits_of(config: MissionConfig) -> Limits:
    """The mission's limits."""
    budget = config.budget
    return Limits(
        task_factor=budget.task_factor,
        run=_cap(budget.run),
        day=_cap(budget.day),
        mission=_cap(budget.mission),
    )


def unknown_price(
    config: MissionConfig, agent: str, used: Iterable[str] = (), *, row: Task | None = None
) -> tuple[str, str] | None:
    """What to say, and what to do, where money is limited and nobody knows what an agent costs;
    None where all is known.

    Args:
        agent: Who is to be asked. An operation costs nothing.
        used: Models of unknown price that were used already.
        row: What it is to carry out, which may ask for a model of its own.
    """
    limit, prices = limits_of(config).money, Prices.of(config)
    if limit is None or is_operation(agent):
        return None
    own = _model(config, agent, row)
    lacking = [name for name in (own, *sorted(used)) if prices.find(name) is None]
    if not lacking:
        return None
    who = f"{agent} ({own})" if own != agent else agent
    subject = who if lacking[0] == own else lacking[0]
    price = f"{{{lacking[0]}: {{input: …, cached: …, output: …}}}}"
    hint = (
        f"Add `budget.prices: {price}` to mission.yaml, in US dollars per million tokens"
        " (0 for what costs nothing), then type `mission run`"
    )
    return f"`{limit}` limits money, and the price of {subject} is not known", hint


def _model(config: MissionConfig, agent: str, row: Task | None = None) -> str:
    try:
        if row is not None:
            return model_of(agent, settings_for(row, agent, config))
        return model_of(agent, agent_settings(agent, config))
    except AgentError:  # that of an old attempt may be configured no more
        return agent


def _cap(limit: Limit) -> Cap:
    return Cap(tokens=limit.tokens, cost_usd=limit.usd)
