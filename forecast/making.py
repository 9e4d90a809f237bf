"""A forecast of a mission, made of its plan, its settings and its journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from forecast.outcome import (
    Band,
    Outcome,
    RowOutcome,
    enough,
    moment,
    play,
    play_at_leisure,
    sum_up,
)
from forecast.scene import Scene
from forecast.setting import WhatIf
from forecast.staging import History, Made, set_scene
from mission.config import MissionConfig
from orchestrator.admission.budgeting import limits_of
from orchestrator.admission.rests import is_operation
from policy.budget import Limits, Scope
from tasks_md.model import Plan

PLAYS = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Finish:
    """When something is done, people's time apart. None: so many plays never come to it."""

    p50: datetime | None
    p80: datetime | None
    p95: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MilestoneForecast:
    """A milestone that has open rows."""

    id: str
    title: str
    finish: Finish
    tokens: Band  # of the whole milestone, what is spent by now included
    usd: Band  # ... of agents whose price is known


@dataclass(frozen=True, kw_only=True, slots=True)
class RowForecast:
    """An open row."""

    id: str
    milestone: str
    critical: float  # in what share of the plays it was on the critical path, from 0 to 1
    begin: datetime | None  # at p50; None: it is under way, or never begins
    begun: bool  # whether it is under way
    finish: Finish


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """A mission from now on. Everything is from `plays` plays of one seed."""

    mission: str
    path: str
    now: datetime
    plays: int
    seed: int  # of the inputs: the same ones have the same forecast
    seen: int  # attempts that it has learned from; 0: it is a guess
    done: bool  # no row is open
    finish: Finish
    tokens: Band  # of the whole mission, what is spent by now included
    usd: Band  # ... of agents whose price is known
    milestones: tuple[MilestoneForecast, ...]  # in file order
    rows: tuple[RowForecast, ...]  # in file order; then those that no run can begin
    budgets: Mapping[Scope, float]  # the chance to reach each limit that is set, from 0 to 1
    approvals: int  # at p50: people's words to let work merge
    decisions: int  # at p50: people's words that set a row back, or free it
    runs: int  # at p50: `mission run`, the one that is at work or begins now included
    left: float  # in what share of the plays a row was not done
    stuck: tuple[str, ...]  # rows that no run can begin before a person mends the file
    unplanned: tuple[str, ...]  # placeholders: nothing of them is in these numbers
    unpriced: tuple[str, ...]  # agents that may work and whose price nobody knows: not in `usd`
    what_if: WhatIf

    @property
    def guess(self) -> bool:
        """Whether nothing in the journal says how long such work takes."""
        return self.seen == 0

    @property
    def endless(self) -> bool:
        """Whether it has no finish that four of five plays come to."""
        return self.finish.p80 is None


def make_forecast(
    plan: Plan,
    config: MissionConfig,
    history: History,
    *,
    alive: bool,
    now: datetime,
    what_if: WhatIf | None = None,
    plays: int = PLAYS,
    selected: frozenset[str] | None = None,
    over: Callable[[float], bool] | None = None,
    exactly: bool = False,
) -> Forecast:
    """Make it of what was read. Pure.

    Args:
        plan: The task file.
        config: `mission.yaml`.
        history: The journal.
        alive: Whether a run is at work.
        now: From when on.
        what_if: Play another mission than this.
        plays: How often; less where there are thousands of rows.
        selected: The rows that a run is asked for; None: all.
        over: Where it is made at leisure: rests for so many seconds, and tells whether to stop.
        exactly: Whether it is played that often however many rows there are.

    Raises:
        TaskFileError: A row that is to be left out is not in the plan.
        UsageError: An agent that is to be swapped is not known.
        AgentError: An agent is not configured.
        ConfigError: A pattern of `mission.yaml` cannot be read.
    """
    asked = what_if or WhatIf()
    made = set_scene(plan, config, history, alive=alive, now=now, what_if=asked, selected=selected)
    wanted = plays if exactly else enough(made.scene, most=plays)
    if over is None:
        found = play(made.scene, plays=wanted, seed=made.seed)
    else:
        rested = play_at_leisure(made.scene, plays=wanted, seed=made.seed, over=over)
        found = sum_up(made.scene, rested)
    return _forecast(plan, made, found, history, asked, config)


def _forecast(
    plan: Plan,
    made: Made,
    found: Outcome,
    history: History,
    what_if: WhatIf,
    config: MissionConfig,
) -> Forecast:
    now, attempts = made.scene.now, history.attempts
    tasks = plan.by_id
    tokens: dict[str, int] = {}
    usd: dict[str, float] = {}
    for one in attempts:
        name = tasks[one.task].milestone if one.task in tasks else one.task
        tokens[name] = tokens.get(name, 0) + one.tokens
        usd[name] = usd.get(name, 0.0) + (one.cost_usd or 0.0)
    titles = {one.id: one.title for one in plan.milestones}
    begun = {one.task for one in attempts if one.ended is None}
    return Forecast(
        mission=plan.mission,
        path=str(plan.path),
        now=now,
        plays=found.plays,
        seed=made.seed,
        seen=made.seen,
        done=not found.rows,
        finish=_finish(now, found.seconds),
        tokens=found.tokens.plus(sum(tokens.values())),
        usd=found.usd.plus(sum(usd.values())),
        milestones=tuple(
            MilestoneForecast(
                id=one.milestone,
                title=titles[one.milestone],
                finish=_finish(now, one.seconds),
                tokens=one.tokens.plus(tokens.get(one.milestone, 0)),
                usd=one.usd.plus(usd.get(one.milestone, 0.0)),
            )
            for one in found.milestones
        ),
        rows=tuple(_row(now, one, begun=one.task in begun) for one in found.rows),
        budgets=_chances(limits_of(config), found),
        approvals=round(found.approvals.p50),
        decisions=round(found.decisions.p50),
        runs=round(found.runs.p50),
        left=found.left,
        stuck=tuple(made.scene.stuck),
        unplanned=tuple(one.id for one in plan.milestones if one.placeholder),
        unpriced=_unpriced(made.scene),
        what_if=what_if,
    )


def _row(now: datetime, one: RowOutcome, *, begun: bool) -> RowForecast:
    return RowForecast(
        id=one.task,
        milestone=one.milestone,
        critical=one.critical,
        begin=None if begun or one.begin is None else moment(now, one.begin),
        begun=begun or one.begin == 0.0,
        finish=_finish(now, one.end),
    )


def _unpriced(scene: Scene) -> tuple[str, ...]:
    stints = (
        stint
        for course in scene.courses.values()
        for its in (course.stints, course.review.stints if course.review is not None else {})
        for stint in its.values()
    )
    return tuple(
        dict.fromkeys(
            one.agent for one in stints if one.usd_per_token is None and not is_operation(one.agent)
        )
    )


def _finish(now: datetime, seconds: Band) -> Finish:
    return Finish(
        p50=moment(now, seconds.p50), p80=moment(now, seconds.p80), p95=moment(now, seconds.p95)
    )


def _chances(limits: Limits, found: Outcome) -> dict[Scope, float]:
    asked = {
        Scope.TASK: limits.task_factor is not None,
        Scope.RUN: limits.run.tokens is not None or limits.run.cost_usd is not None,
        Scope.DAY: limits.day.tokens is not None or limits.day.cost_usd is not None,
        Scope.MISSION: limits.mission.tokens is not None or limits.mission.cost_usd is not None,
    }
    return {scope: found.budgets.get(scope, 0.0) for scope, is_set in asked.items() if is_set}
