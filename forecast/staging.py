"""What a forecast is made of: the plan and what the journal has, put together to a scene."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from forecast.courses import usual_tokens
from forecast.evidence import Evidence, gather
from forecast.knowledge import Knowledge, learn
from forecast.scene import Scene
from forecast.setting import Outset, Setting, WhatIf
from mission.config import MissionConfig
from mission.journal import Attempt, Event, Journal, Run
from mission.journal.kinds import DispatchBegan, Happening, RowWaits
from mission.waits import WaitsFor
from orchestrator.admission.budgeting import Budget
from orchestrator.admission.reviewers import review_tokens
from policy.routing import kind_of
from tasks_md.graph import Graph
from tasks_md.model import Plan


@dataclass(frozen=True, kw_only=True)
class History:
    """What a forecast needs of the journal."""

    attempts: Sequence[Attempt]
    events: Sequence[Event[Happening]]
    runs: Sequence[Run]
    budget: Budget

    @classmethod
    def of(cls, journal: Journal, config: MissionConfig, now: datetime) -> History:
        """As the journal has it now."""
        last = journal.last_run()
        run = last.id if last is not None and last.ended is None else 0
        return cls(
            attempts=journal.attempts(),
            events=journal.events(),
            runs=journal.runs(),
            budget=Budget(config, journal, run, now),
        )


@dataclass(frozen=True, kw_only=True)
class Made:
    """A scene, and what it was made of."""

    scene: Scene
    seed: int
    seen: int


def set_scene(
    plan: Plan,
    config: MissionConfig,
    history: History,
    *,
    alive: bool,
    now: datetime,
    what_if: WhatIf,
    selected: frozenset[str] | None = None,
) -> Made:
    """What is to be played; the arguments are those of
    `forecast.making.make_forecast`."""
    for name in what_if.without:
        plan.task(name)
    evidence = gather(history.attempts, history.events)
    knowledge = _learned(plan, config, evidence)
    dispatch = [one.what for one in history.events if isinstance(one.what, DispatchBegan)][-1:]
    outset = Outset(
        plan=plan,
        graph=Graph.of(plan),
        config=config,
        now=now,
        alive=alive,
        slots=dispatch[0].slots if alive and dispatch else None,
        selected=selected,
        attempts=history.attempts,
        resting=_resting(history.events) if alive else {},
        budget=history.budget,
    )
    scene = Setting(outset, knowledge, evidence, what_if).scene()
    return Made(scene=scene, seed=_seed(plan, config, history), seen=knowledge.seen)


def _learned(plan: Plan, config: MissionConfig, evidence: Evidence) -> Knowledge:
    usual = usual_tokens(plan)
    rule = config.review[0] if config.review else None
    return learn(
        evidence,
        plan.by_id,
        tokens_of=lambda task: task.estimate_tokens or usual,
        review_tokens_of=lambda task: (review_tokens(rule, task) if rule else 0) or usual // 2,
        kind_of=kind_of,
    )


def _resting(events: Sequence[Event[Happening]]) -> dict[str, datetime]:
    """The rows that wait for a provider, and until when."""
    newest: dict[str, RowWaits] = {}
    for event in events:
        if isinstance(event.what, RowWaits) and event.task is not None:
            newest[event.task] = event.what
    return {
        task: datetime.fromisoformat(what.until)
        for task, what in newest.items()
        if what.on == WaitsFor.PROVIDER and what.until
    }


def _seed(plan: Plan, config: MissionConfig, history: History) -> int:
    """Of what the forecast is made of, the time of day apart."""
    digest = hashlib.sha256()
    for row in plan.tasks:
        digest.update(repr((row.id, row.status, row.depends_on, row.estimate_tokens)).encode())
    digest.update(config.model_dump_json().encode())
    last = history.events[-1].id if history.events else 0
    digest.update(repr((len(history.attempts), last)).encode())
    return int.from_bytes(digest.digest()[:6], "big")
