"""Sets the scene: the plan as it stands, with what is expected of everybody."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agents.prices import Prices
from agents.registry import model as model_of
from agents.registry import settings as agent_settings
from forecast import guesses, scene
from forecast.evidence import Evidence
from forecast.knowledge import (
    Group,
    Knowledge,
    Pace,
    expected_review_seconds,
    expected_seconds,
)
from forecast.scene import Begun, Checks, Course, Pool, Reviewing, Scene, Stint
from forecast.spread import Spread
from mission.config import MissionConfig, VerifyStep
from mission.journal import Attempt, Step
from mission.outcome import Outcome
from mission.state import Status
from orchestrator.admission.budgeting import Budget
from orchestrator.admission.rests import Rests, is_operation, line_up
from orchestrator.admission.reviewers import review_tokens, reviewers_of
from orchestrator.attempts.retrying import tries_of
from orchestrator.loop.dispatch import carrier_of
from policy.budget import Amount
from policy.routing import kind_of, matches, route
from tasks_md.graph import Graph
from tasks_md.model import DONE, STATUSES, BranchKind, Plan, Task
from tasks_md.ready import ReadyRows


@dataclass(frozen=True, kw_only=True, slots=True)
class WhatIf:
    """What is asked for beside the plan as it is."""

    max_parallel: int | None = None
    agents: Mapping[str, str] = field(default_factory=dict)  # who works in place of whom
    strategy: str | None = None  # of merging
    without: frozenset[str] = frozenset()  # rows that are left out, and waited for by nobody

    def __bool__(self) -> bool:
        return bool(self.max_parallel or self.agents or self.strategy or self.without)


@dataclass(frozen=True, kw_only=True)
class Outset:
    """A mission at the moment from which it is played."""

    plan: Plan
    graph: Graph  # of this plan
    config: MissionConfig
    now: datetime
    alive: bool = False  # whether a run is at work
    slots: int | None = None  # of that run; None: as the settings say
    selected: frozenset[str] | None = None  # the rows that it is for; None: all
    attempts: Sequence[Attempt] = ()  # all of them, in the order in which they began
    resting: Mapping[str, datetime] = field(default_factory=dict)  # by row, till when it waits
    budget: Budget


class Setting:
    """Makes the scene of an outset."""

    def __init__(
        self, outset: Outset, knowledge: Knowledge, evidence: Evidence, what_if: WhatIf
    ) -> None:
        config = outset.config
        if what_if.strategy is not None:
            merge = config.merge.model_copy(update={"strategy": what_if.strategy})
            config = config.model_copy(update={"merge": merge})
        self._outset = outset
        self._config = config
        self._knowledge = knowledge
        self._what_if = what_if
        self._prices = Prices.of(config)
        self._rates = _rates(evidence)
        self._pools: dict[Group, int] = {}
        self._pool_values: list[Pool] = []
        self._tables: dict[float, tuple[float, ...]] = {}
        self._rests = Rests(config)
        self._usual = usual_tokens(outset.plan)

    def scene(self) -> Scene:
        """Put it together.

        Raises:
            AgentError: An agent that a row needs is not configured.
            ConfigError: A pattern of `mission.yaml` cannot be read.
        """
        outset, without = self._outset, self._what_if.without
        tasks = outset.plan.by_id
        statuses = {one.id: one.status for one in tasks.values() if one.status in STATUSES}
        statuses |= dict.fromkeys(without, DONE)
        open_rows = [
            one
            for one in tasks.values()
            if statuses.get(one.id, "") not in ("", DONE) and one.id not in outset.graph.never_ready
        ]
        milestones = tuple(one.id for one in outset.plan.milestones)
        numbers = {name: at for at, name in enumerate(milestones)}
        courses = {one.id: self._course(one, numbers[one.milestone]) for one in open_rows}
        begun = []
        for one in open_rows:
            if statuses[one.id] == Status.NOT_STARTED:
                continue
            if outset.graph.waiting_on(one.id, statuses):  # a person let it wait for others, too
                statuses[one.id] = Status.NOT_STARTED.value
            else:
                begun.append(self._begun(one, courses[one.id], statuses[one.id]))
                statuses[one.id] = Status.IN_PROGRESS.value
        amounts = self._amounts(courses.values())
        limited = outset.budget.limited
        return Scene(
            now=outset.now,
            config=self._config,
            courses=courses,
            milestones=milestones,
            ready=ReadyRows(outset.graph, statuses),
            begun=tuple(begun),
            selected=outset.selected,
            slots=self._what_if.max_parallel or outset.slots or self._config.max_parallel,
            pools=tuple(self._pool_values),
            checks=self._checks(),
            ledger=outset.budget.ledger if limited else None,
            amounts=amounts if limited else {},
            rests={
                courses[row].carrier: until
                for row, until in outset.resting.items()
                if row in courses and until > outset.now
            },
        )

    def tokens_of(self, task: Task) -> int:
        """What a row is expected to use: its estimate, or what rows usually have."""
        return task.estimate_tokens or self._usual

    def _course(self, task: Task, milestone: int) -> Course:
        chosen = route(task, self._config)
        carrier = carrier_of(chosen)
        carrier = self._what_if.agents.get(carrier, carrier)
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
            times=self._table(pace.time),
            tokens=0.0 if operation else tokens * math.exp(pace.tokens.mean),
            uses=self._table(pace.tokens),
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
        swapped = self._what_if.agents
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
            times=self._table(pace.time),
            tokens=tokens * math.exp(pace.tokens.mean),
            uses=self._table(pace.tokens),
            usd_per_token=self._rate(task, reviewer),
            odds=(),
            trouble=0.0,
            fallback=None,
            tries=1,
            limits=(),
        )

    def _pool(self, group: Group, pace: Pace) -> int:
        if group not in self._pools:
            self._pools[group] = len(self._pool_values)
            seen = pace.time.seen
            self._pool_values.append(
                Pool(
                    time_doubt=pace.time.doubt,
                    token_doubt=pace.tokens.doubt,
                    own=seen / (guesses.WEIGHT + seen),
                )
            )
        return self._pools[group]

    def _table(self, spread: Spread) -> tuple[float, ...]:
        return self._tables.setdefault(spread.sd, spread.table())

    def _rate(self, task: Task, agent: str) -> float | None:
        """US dollars for a new token: as this agent's attempts cost, else by the price table."""
        if agent in self._rates:
            return self._rates[agent]
        if self._prices.find(model_of(agent, agent_settings(agent, self._config))) is None:
            return None
        million = 1_000_000
        return self._outset.budget.expected(million, agent, task).cost_usd / million

    def _amounts(self, courses: Iterable[Course]) -> dict[tuple[str, str], tuple[Amount, Amount]]:
        budget = self._outset.budget
        return {
            (one.task.id, name): (
                budget.estimate(one.task, name),
                budget.expected(one.task.estimate_tokens or 0, name, one.task),
            )
            for one in courses
            for name in {*one.stints, *(one.review.by if one.review is not None else ())}
            if not is_operation(name)
        }

    def _begun(self, task: Task, course: Course, status: str) -> Begun:
        """Where a row stands that is not waiting for its turn."""
        last = next((one for one in reversed(self._outset.attempts) if one.task == task.id), None)
        agent = last.agent if last is not None and last.agent in course.stints else course.carrier
        elapsed, at = 0.0, scene.AGAIN
        if status == Status.NEEDS_QA:
            at = scene.APPROVAL
        elif status in (Status.BLOCKED, Status.FAILED):
            at = scene.DECISION
        elif last is not None and last.ended is None:
            at = _WHERE.get(last.step, scene.QUEUED)
            elapsed = max(0.0, (self._outset.now - last.started).total_seconds())
            if at == scene.WORKING and not self._outset.alive:
                elapsed, at = 0.0, scene.AGAIN
        return Begun(task=task.id, agent=agent, elapsed=elapsed, at=at)

    def _checks(self) -> Checks:
        config, known = self._config, self._knowledge
        branch = [step for step in config.verify if "branch" in step.on]
        later = [step for step in config.verify if "branch" not in step.on]
        delivery = _sum([known.delivery, *self._steps(branch)])
        squash = _sum(self._steps(config.verify))
        gates = [gate for gate in config.gates if gate.type != "none"]
        guess = (guesses.GATE_SECONDS,)
        batch = config.merge.strategy == "batch"
        return Checks(
            delivery=delivery[0],
            deliveries=self._table(delivery[1]),
            squash=squash[0],
            squash_still=_sum(self._steps(later))[0],
            squashes=self._table(squash[1]),
            landing=known.landing[0],
            landings=self._table(known.landing[1]),
            push_waits=known.gates.get("push", guess) if gates else (),
            merge_waits=known.gates.get("merge", guess) if gates else (),
            red_branch=known.red_branch if branch else 0.0,
            red_merge=known.red_merge if config.verify else 0.0,
            conflict=known.conflict,
            repair=config.merge.repair,
            size=config.merge.size if batch else 1,
            repeat_red=config.merge.repeat_red,
            ahead=config.status.commit != "each",
        )

    def _steps(self, steps: Iterable[VerifyStep]) -> list[tuple[float, Spread]]:
        return [self._knowledge.step(step.name) for step in steps]


_WHERE: Mapping[Step, str] = {
    Step.STARTED: scene.WORKING,
    Step.UNFINISHED: scene.AGAIN,
    Step.ANSWERED: scene.FINISHED,
    Step.WORKED: scene.FINISHED,
    Step.VERIFIED: scene.FINISHED,
}


def usual_tokens(plan: Plan) -> int:
    """What a row without an estimate is expected to use: as much as the others on average."""
    told = [one.estimate_tokens for one in plan.tasks if one.estimate_tokens]
    return sum(told) // len(told) if told else guesses.TOKENS


def _rates(evidence: Evidence) -> dict[str, float]:
    """US dollars for a new token, by agent, of those whose attempts have a known cost."""
    tokens: dict[str, int] = {}
    usd: dict[str, float] = {}
    for one in evidence.worked:
        if one.cost_usd is not None and one.tokens:
            tokens[one.agent] = tokens.get(one.agent, 0) + one.tokens
            usd[one.agent] = usd.get(one.agent, 0.0) + one.cost_usd
    return {agent: usd[agent] / count for agent, count in tokens.items()}


def _sum(parts: Sequence[tuple[float, Spread]]) -> tuple[float, Spread]:
    """Several things one after the other: their medians together, and how the sum differs."""
    middle = sum(median for median, _ in parts)
    if not middle:
        return 0.0, Spread(sd=0.0)
    square = sum((median * spread.sd) ** 2 for median, spread in parts)
    return middle, Spread(sd=math.sqrt(square) / middle)


def _cumulated(odds: Mapping[Outcome, float]) -> tuple[tuple[float, Outcome], ...]:
    total, found = 0.0, []
    for outcome, share in odds.items():
        total += share
        found.append((total, outcome))
    return tuple(found)
