"""What is expected of each open row: who carries it out, how long, and who stands in or reviews."""

from __future__ import annotations

import math
from collections.abc import Mapping

from agents.prices import Prices
from agents.registry import model as model_of
from agents.registry import settings as agent_settings
from forecast import guesses
from forecast.evidence import Evidence
from forecast.knowledge import (
    Group,
    Knowledge,
    Pace,
    expected_review_seconds,
    expected_seconds,
)
from forecast.scene import Course, Pool, Reviewing, Stint
from forecast.spread import Spread
from mission.config import MissionConfig
from mission.outcome import Outcome
from orchestrator.admission.budgeting import Budget
from orchestrator.admission.rests import Rests, is_operation, line_up
from orchestrator.admission.reviewers import review_tokens, reviewers_of
from orchestrator.attempts.retrying import tries_of
from orchestrator.loop.dispatch import carrier_of
from policy.routing import kind_of, matches, route
from tasks_md.model import BranchKind, Plan, Task


class Courses:
    """Makes the courses of rows, and numbers the pools that they have in common."""

    def __init__(
        self,
        plan: Plan,
        config: MissionConfig,
        budget: Budget,
        *,
        knowledge: Knowledge,
        evidence: Evidence,
        swapped: Mapping[str, str],
    ) -> None:
        """`swapped`: who works in place of whom."""
        self._config = config
        self._budget = budget
        self._knowledge = knowledge
        self._swapped = swapped
        self._prices = Prices.of(config)
        self._rates = _rates(evidence)
        self._numbers: dict[Group, int] = {}
        self.pools: list[Pool] = []  # so far
        self._tables: dict[float, tuple[float, ...]] = {}
        self._rests = Rests(config)
        self._usual = usual_tokens(plan)

    def tokens_of(self, task: Task) -> int:
        """What a row is expected to use: its estimate, or what rows usually have."""
        return task.estimate_tokens or self._usual

    def course(self, task: Task, milestone: int) -> Course:
        """Of a row. `milestone`: its number."""
        chosen = route(task, self._config)
        carrier = carrier_of(chosen)
        carrier = self._swapped.get(carrier, carrier)
        names = line_up(carrier, self._config)
        return Course(
            task=task,
            milestone=milestone,
            carrier=carrier,
            stints={name: self._stint(task, name) for name in names},
            merges=task.branch_kind is BranchKind.NAMED and not is_operation(carrier),
            review=None if is_operation(carrier) else self._reviewing(task, carrier),
            qa=any(matches(task, rule.match, {carrier}) for rule in self._config.qa),
        )

    def _stint(self, task: Task, agent: str) -> Stint:
        tokens, kind = self.tokens_of(task), kind_of(task)
        group, pace = self._knowledge.pace(agent, kind)
        operation = is_operation(agent)
        odds = self._knowledge.odds.get(agent, guesses.ENDS)
        if operation:
            odds = {Outcome.BLOCKED: guesses.OPERATION_FAILS}
        settings = None if operation else agent_settings(agent, self._config)
        return Stint(
            agent=agent,
            pool=self._pool(group, pace),
            seconds=expected_seconds(tokens, agent) * math.exp(pace.time.mean),
            times=self.table(pace.time),
            tokens=0.0 if operation else tokens * math.exp(pace.tokens.mean),
            uses=self.table(pace.tokens),
            usd_per_token=None if operation else self._rate(task, agent),
            odds=_cumulated(odds),
            trouble=sum(odds.values()),
            fallback=None if settings is None else settings.fallback,
            tries=1 if operation else tries_of(task.id, agent, self._config),
            limits=() if operation else self._limits(agent),
        )

    def _limits(self, agent: str) -> tuple[float, ...]:
        return self._knowledge.limits.get(self._rests.provider(agent), ())

    def _reviewing(self, task: Task, author: str) -> Reviewing | None:
        rules = self._config.review
        rule = next((one for one in rules if matches(task, one.match, {author})), None)
        if rule is None:
            return None
        swapped = self._swapped
        by = tuple(
            dict.fromkeys(
                swapped.get(name, name) for name in reviewers_of(rule, task, author, self._config)
            )
        )
        tokens = review_tokens(rule, task) or self._usual // 2
        return Reviewing(
            by=by,
            stints={name: self._review_stint(task, name, tokens) for name in by},
            tokens=tokens,
            rounds=rule.rounds,
            passes=self._knowledge.review_passes,
        )

    def _review_stint(self, task: Task, reviewer: str, tokens: int) -> Stint:
        reviews = self._knowledge.reviews
        pace = reviews.get(reviewer, reviews[""])
        group = Group(reviewer if reviewer in reviews else "", "its reviews")
        return Stint(
            agent=reviewer,
            pool=self._pool(group, pace),
            seconds=expected_review_seconds(tokens) * math.exp(pace.time.mean),
            times=self.table(pace.time),
            tokens=tokens * math.exp(pace.tokens.mean),
            uses=self.table(pace.tokens),
            usd_per_token=self._rate(task, reviewer),
            odds=(),
            trouble=0.0,
            fallback=None,
            tries=1,
            limits=(),
        )

    def _pool(self, group: Group, pace: Pace) -> int:
        if group not in self._numbers:
            self._numbers[group] = len(self.pools)
            seen = pace.time.seen
            self.pools.append(
                Pool(
                    time_doubt=pace.time.doubt,
                    token_doubt=pace.tokens.doubt,
                    own=seen / (guesses.WEIGHT + seen),
                )
            )
        return self._numbers[group]

    def table(self, spread: Spread) -> tuple[float, ...]:
        """What a spread is drawn from."""
        return self._tables.setdefault(spread.sd, spread.table())

    def _rate(self, task: Task, agent: str) -> float | None:
        """US dollars for a new token: as this agent's attempts cost, else by the price table."""
        if agent in self._rates:
            return self._rates[agent]
        if self._prices.find(model_of(agent, agent_settings(agent, self._config))) is None:
            return None
        million = 1_000_000
        return self._budget.expected(million, agent, task).cost_usd / million


def usual_tokens(plan: Plan) -> int:
    """What a row without an estimate is expected to use: as much as the others on average."""
    told = [one.estimate_tokens for one in plan.tasks if one.estimate_tokens]
    return sum(told) // len(told) if told else guesses.TOKENS


def _rates(evidence: Evidence) -> dict[str, float]:
    """US dollars for a new token, by agent, of those whose work or reviews have a known cost."""
    tokens: dict[str, int] = {}
    usd: dict[str, float] = {}
    used = [(one.agent, one.tokens, one.cost_usd) for one in evidence.worked]
    used += [(one.reviewer, one.tokens, one.cost_usd) for one in evidence.reviewed]
    for agent, count, cost in used:
        if cost is not None and count:
            tokens[agent] = tokens.get(agent, 0) + count
            usd[agent] = usd.get(agent, 0.0) + cost
    return {agent: usd[agent] / count for agent, count in tokens.items()}


def _cumulated(odds: Mapping[Outcome, float]) -> tuple[tuple[float, Outcome], ...]:
    total, found = 0.0, []
    for outcome, share in odds.items():
        total += share
        found.append((total, outcome))
    return tuple(found)
