"""Sets the scene: the plan as it stands, with what is expected of everybody."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from forecast import guesses, scene
from forecast.courses import Courses
from forecast.evidence import Evidence
from forecast.knowledge import (
    Knowledge,
)
from forecast.rows import RowTable
from forecast.scene import Begun, Checks, Course, Scene
from forecast.spread import Spread
from forecast.swapped import swapped
from mission.config import MissionConfig, VerifyStep
from mission.journal import Attempt, Step
from mission.state import Status
from orchestrator.admission.budgeting import Budget
from orchestrator.admission.rests import is_operation
from policy.budget import Amount
from tasks_md.graph import Graph
from tasks_md.model import DONE, STATUSES, Plan, Task
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
        config = swapped(outset.config, what_if.agents)
        if what_if.strategy is not None:
            merge = config.merge.model_copy(update={"strategy": what_if.strategy})
            config = config.model_copy(update={"merge": merge})
        self._outset = outset
        self._config = config
        self._knowledge = knowledge
        self._what_if = what_if
        self._courses = Courses(
            outset.plan,
            config,
            outset.budget,
            knowledge=knowledge,
            evidence=evidence,
            swapped=what_if.agents,
        )

    def scene(self) -> Scene:
        """Put it together.

        Raises:
            UsageError: An agent that is to be swapped is not known.
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
        courses = {one.id: self._courses.course(one, numbers[one.milestone]) for one in open_rows}
        begun = []
        for one in open_rows:
            if statuses[one.id] == Status.NOT_STARTED:
                continue
            if outset.selected is not None and one.id not in outset.selected:
                continue  # a run for others leaves it as it is
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
            table=RowTable.of(outset.graph, statuses),
            begun=tuple(begun),
            selected=outset.selected,
            stuck={
                one.id: one.milestone
                for one in tasks.values()
                if one.status != DONE and one.id not in without and one.id not in courses
            },
            slots=self._what_if.max_parallel or outset.slots or self._config.max_parallel,
            pools=tuple(self._courses.pools),
            checks=self._checks(),
            ledger=outset.budget.ledger if limited else None,
            amounts=amounts if limited else {},
            rests={
                courses[row].carrier: until
                for row, until in outset.resting.items()
                if row in courses and until > outset.now
            },
        )

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
            deliveries=self._courses.table(delivery[1]),
            squash=squash[0],
            squash_still=_sum(self._steps(later))[0],
            squashes=self._courses.table(squash[1]),
            landing=known.landing[0],
            landings=self._courses.table(known.landing[1]),
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


def _sum(parts: Sequence[tuple[float, Spread]]) -> tuple[float, Spread]:
    """Several things one after the other: their medians together, and how the sum differs."""
    middle = sum(median for median, _ in parts)
    if not middle:
        return 0.0, Spread(sd=0.0)
    square = sum((median * spread.sd) ** 2 for median, spread in parts)
    return middle, Spread(sd=math.sqrt(square) / middle)
