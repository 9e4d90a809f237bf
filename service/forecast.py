"""When the mission will be done and what it will cost, as far as plan and journal let it be told.

    found = read_forecast(Place.find(None))
    found.finish.p80          # an aware datetime: four of five plays are done by then
    found.milestones[0]       # the same of each milestone that has open rows
    forecast_data(found)      # what `mission forecast --json` prints

It reads, and asks nobody; it takes about a second of one processor, so a page asks for it apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from forecast import outcome as plays_outcome
from forecast.evidence import Evidence, gather
from forecast.knowledge import Knowledge, learn
from forecast.outcome import Band, Outcome, RowOutcome, moment, play
from forecast.setting import Outset, Setting, WhatIf, usual_tokens
from mission.clock import utc_now
from mission.config import MissionConfig, load_config
from mission.journal import Attempt, Event, Journal
from mission.journal.kinds import DispatchBegan, Happening, RowWaits
from mission.journal.look import look
from mission.place import Place
from mission.plan import read_plan
from mission.waits import WaitsFor
from orchestrator.admission.budgeting import Budget
from orchestrator.admission.reviewers import review_tokens
from policy.budget import Scope
from policy.routing import kind_of
from tasks_md.graph import Graph
from tasks_md.holder import holder
from tasks_md.model import Plan

PLAYS = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Finish:
    """When something is done; people's time apart."""

    p50: datetime
    p80: datetime
    p95: datetime


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
    begin: datetime | None  # at p50; None: it is under way, or never began
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
    rows: tuple[RowForecast, ...]  # in file order
    budgets: Mapping[Scope, float]  # the chance to reach each limit that is set, from 0 to 1
    approvals: int  # at p50: people's words to let work merge
    decisions: int  # at p50: people's words that set a row back, or free it
    runs: int  # at p50: `mission run`, the one that is at work or begins now included
    left: float  # in what share of the plays a row was not done
    unplanned: tuple[str, ...]  # placeholders: nothing of them is in these numbers
    what_if: WhatIf

    @property
    def guess(self) -> bool:
        """Whether nothing in the journal says how long such work takes."""
        return self.seen == 0


def read_forecast(
    place: Place, *, what_if: WhatIf | None = None, plays: int = PLAYS, now: datetime | None = None
) -> Forecast:
    """The forecast of a mission as it stands. Changes nothing, starts nothing.

    Args:
        place: The mission.
        what_if: Play another mission than this.
        plays: How often.
        now: From when on; by default from now on.

    Raises:
        TaskFileError: The file cannot be read, or a row that is to be left out is not in it.
        ConfigError: `mission.yaml` cannot be understood.
        AgentError: An agent is not configured.
        JournalError: The journal cannot be read.
    """
    now = utc_now() if now is None else now
    plan, config = read_plan(place), load_config(place.config_file)
    held = holder(place.state_dir)
    history = look(place.journal_file, lambda journal: _History.of(journal, config, now))
    return make_forecast(
        plan, config, history, alive=held is not None, what_if=what_if, plays=plays, now=now
    )


@dataclass(frozen=True, kw_only=True)
class _History:
    """What a forecast needs of the journal."""

    attempts: Sequence[Attempt]
    events: Sequence[Event[Happening]]
    budget: Budget

    @classmethod
    def of(cls, journal: Journal, config: MissionConfig, now: datetime) -> _History:
        last = journal.last_run()
        run = last.id if last is not None and last.ended is None else 0
        return cls(
            attempts=journal.attempts(),
            events=journal.events(),
            budget=Budget(config, journal, run, now),
        )


def make_forecast(
    plan: Plan,
    config: MissionConfig,
    history: _History,
    *,
    alive: bool,
    now: datetime,
    what_if: WhatIf | None = None,
    plays: int = PLAYS,
    selected: frozenset[str] | None = None,
) -> Forecast:
    """Make it of what was read. Pure.

    Args:
        plan: The task file.
        config: `mission.yaml`.
        history: The journal.
        alive: Whether a run is at work.
        now: From when on.
        what_if: Play another mission than this.
        plays: How often.
        selected: The rows that a run is asked for; None: all.

    Raises:
        TaskFileError: A row that is to be left out is not in the plan.
        AgentError: An agent is not configured.
        ConfigError: A pattern of `mission.yaml` cannot be read.
    """
    what_if = what_if or WhatIf()
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
    seed = _seed(plan, config, history)
    scene = Setting(outset, knowledge, evidence, what_if).scene()
    found = play(scene, plays=plays, seed=seed)
    return _forecast(plan, outset, found, knowledge.seen, seed, what_if)


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


def _seed(plan: Plan, config: MissionConfig, history: _History) -> int:
    """Of what the forecast is made of, the time of day apart."""
    digest = hashlib.sha256()
    for row in plan.tasks:
        digest.update(repr((row.id, row.status, row.depends_on, row.estimate_tokens)).encode())
    digest.update(config.model_dump_json().encode())
    last = history.events[-1].id if history.events else 0
    digest.update(repr((len(history.attempts), last)).encode())
    return int.from_bytes(digest.digest()[:6], "big")


def _forecast(
    plan: Plan, outset: Outset, found: Outcome, seen: int, seed: int, what_if: WhatIf
) -> Forecast:
    now, attempts = outset.now, outset.attempts
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
        seed=seed,
        seen=seen,
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
        budgets=_chances(outset, found),
        approvals=round(found.approvals.p50),
        decisions=round(found.decisions.p50),
        runs=round(found.runs.p50),
        left=found.left,
        unplanned=tuple(one.id for one in plan.milestones if one.placeholder),
        what_if=what_if,
    )


def _row(now: datetime, one: RowOutcome, *, begun: bool) -> RowForecast:
    return RowForecast(
        id=one.task,
        milestone=one.milestone,
        critical=one.critical,
        begin=None if begun or one.begin is None else moment(now, one.begin),
        finish=_finish(now, one.end),
    )


def _finish(now: datetime, seconds: Band) -> Finish:
    return Finish(
        p50=moment(now, seconds.p50), p80=moment(now, seconds.p80), p95=moment(now, seconds.p95)
    )


def _chances(outset: Outset, found: Outcome) -> dict[Scope, float]:
    limits = outset.budget.ledger.limits
    asked = {
        Scope.TASK: limits.task_factor is not None,
        Scope.RUN: limits.run.tokens is not None or limits.run.cost_usd is not None,
        Scope.DAY: limits.day.tokens is not None or limits.day.cost_usd is not None,
        Scope.MISSION: limits.mission.tokens is not None or limits.mission.cost_usd is not None,
    }
    return {scope: found.budgets.get(scope, 0.0) for scope, is_set in asked.items() if is_set}


def forecast_data(forecast: Forecast) -> dict[str, object]:
    """As `mission forecast --json` prints it. Times are datetimes."""
    what_if = forecast.what_if
    return {
        "mission": forecast.mission,
        "path": forecast.path,
        "now": forecast.now,
        "plays": forecast.plays,
        "seed": forecast.seed,
        "seen": forecast.seen,
        "guess": forecast.guess,
        "done": forecast.done,
        "finish": _finish_data(forecast.finish),
        "tokens": _band_data(forecast.tokens),
        "usd": _band_data(forecast.usd),
        "milestones": [
            {
                "id": one.id,
                "title": one.title,
                "finish": _finish_data(one.finish),
                "tokens": _band_data(one.tokens),
                "usd": _band_data(one.usd),
            }
            for one in forecast.milestones
        ],
        "rows": [
            {
                "id": one.id,
                "milestone": one.milestone,
                "critical": round(one.critical, 4),
                "begin": one.begin,
                "finish": _finish_data(one.finish),
            }
            for one in forecast.rows
        ],
        "budgets": {scope.value: round(chance, 4) for scope, chance in forecast.budgets.items()},
        "people": {
            "approvals": forecast.approvals,
            "decisions": forecast.decisions,
            "runs": forecast.runs,
        },
        "left": forecast.left,
        "unplanned": list(forecast.unplanned),
        "what_if": {
            "max_parallel": what_if.max_parallel,
            "agents": dict(what_if.agents),
            "strategy": what_if.strategy,
            "without": sorted(what_if.without),
        },
    }


def _finish_data(finish: Finish) -> dict[str, datetime]:
    return {"p50": finish.p50, "p80": finish.p80, "p95": finish.p95}


def _band_data(band: plays_outcome.Band) -> dict[str, float]:
    return {"p50": round(band.p50, 4), "p80": round(band.p80, 4), "p95": round(band.p95, 4)}
