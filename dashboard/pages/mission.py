"""One mission: its milestones, what needs a person, and its rows in waves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard.pages.milestones import MilestoneLine, milestone_lines
from dashboard.pages.page import Query, Slice, cut
from dashboard.states import State, grouped, states_of
from service.choices import choices
from service.forecast import Finish, Forecast
from service.overview import TaskView
from service.standing import Need, Standing
from tasks_md.model import AUTO

_AT_ONCE = 100  # rows
_MOST_NEEDS = 30
_MOST_TEXT = 120  # characters of a description or a reason in a list


@dataclass(frozen=True, kw_only=True, slots=True)
class NeedLine:
    """Something that a person has to decide."""

    task: str
    state: State
    description: str
    why: str
    since: datetime | None
    hint: str  # what to type
    commands: tuple[str, ...]  # of `mission`, that a button leaves


@dataclass(frozen=True, kw_only=True, slots=True)
class RowLine:
    """One row in a list."""

    id: str
    state: State
    description: str
    agent: str  # who is at it, or who is to be; empty: the routing rules decide
    why: str  # what it waits for; empty: nothing
    since: datetime | None  # of its status
    spent_tokens: int
    estimate_tokens: int | None
    critical: bool  # on the longest chain of open rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Wave:
    """Rows with equally long chains before them."""

    number: int  # from 1; 0: rows of circles, which are in none
    done: int  # of all its rows
    rows: int  # all, those on other pages too
    lines: tuple[RowLine, ...]  # those on this page


@dataclass(frozen=True, kw_only=True, slots=True)
class MissionPage:
    """The page."""

    bar: dict[str, int]  # rows by group
    done: int
    rows: int
    spent_tokens: int
    estimate_tokens: int
    needs: tuple[NeedLine, ...]
    more_needs: int  # that are not in `needs`
    milestones: tuple[MilestoneLine, ...]
    finish: Finish | None  # when everything will be done; None: it is, or nobody knows yet
    guess: bool  # whether the forecast has nothing to go by
    milestone: str  # rows of this one alone; empty: of all
    waves: tuple[Wave, ...]
    page: int
    pages: int


def mission_page(standing: Standing, query: Query, forecast: Forecast | None = None) -> MissionPage:
    """Put it together. Pure.

    Raises:
        UsageError: The query asks for what cannot be.
    """
    overview = standing.overview
    states = states_of(standing)
    views = {view.task.id: view for view in overview.tasks}
    only = query.text("milestone")
    ids = [
        (number, task)
        for number, wave in enumerate(_waves(standing, views), start=0)
        for task in wave
        if not only or views[task].task.milestone == only
    ]
    shown = cut(ids, query, at_once=_AT_ONCE)
    return MissionPage(
        bar=grouped(states.values()),
        done=sum(state is State.DONE for state in states.values()),
        rows=len(views),
        spent_tokens=sum(view.spent_tokens for view in overview.milestones),
        estimate_tokens=sum(view.estimate_tokens or 0 for view in overview.milestones),
        needs=tuple(_need(need, views, states) for need in standing.people[:_MOST_NEEDS]),
        more_needs=max(0, len(standing.people) - _MOST_NEEDS),
        milestones=milestone_lines(standing, states, forecast),
        finish=forecast.finish if forecast is not None and not forecast.done else None,
        guess=forecast is not None and forecast.guess,
        milestone=only,
        waves=_shown_waves(standing, ids, shown, views, states),
        page=shown.page,
        pages=shown.pages,
    )


def _waves(standing: Standing, views: Mapping[str, TaskView]) -> list[tuple[str, ...]]:
    """Rows of circles first, in no wave; then each wave."""
    waves = standing.overview.graph.waves()
    placed = {task for wave in waves for task in wave}
    return [tuple(task for task in views if task not in placed), *waves]


def _shown_waves(
    standing: Standing,
    ids: list[tuple[int, str]],
    shown: Slice[tuple[int, str]],
    views: Mapping[str, TaskView],
    states: Mapping[str, State],
) -> tuple[Wave, ...]:
    totals: dict[int, list[bool]] = {}
    for number, task in ids:
        totals.setdefault(number, []).append(states[task] is State.DONE)
    lines: dict[int, list[RowLine]] = {}
    critical = frozenset(standing.overview.critical_path)
    for number, task in shown.items:
        line = _line(standing, views[task], states[task], critical=task in critical)
        lines.setdefault(number, []).append(line)
    return tuple(
        Wave(number=number, done=sum(totals[number]), rows=len(totals[number]), lines=tuple(its))
        for number, its in lines.items()
    )


def _need(need: Need, views: Mapping[str, TaskView], states: Mapping[str, State]) -> NeedLine:
    return NeedLine(
        task=need.task,
        state=states[need.task],
        description=_short(views[need.task].task.description),
        why=need.why,
        since=need.since,
        hint=need.hint,
        commands=tuple(
            one.command for one in choices(need.status) if one.command not in {"log", "stop"}
        ),
    )


def _line(standing: Standing, view: TaskView, state: State, *, critical: bool) -> RowLine:
    task = view.task
    attempt = standing.attempt(task.id)
    waits = standing.waits.get(task.id, ())
    agent = attempt.attempt.agent if attempt is not None else task.agent
    return RowLine(
        id=task.id,
        state=state,
        description=_short(task.description),
        agent="" if agent == AUTO else agent,
        why=_short(waits[0].why) if waits else "",
        since=standing.since.get(task.id),
        spent_tokens=view.spent_tokens,
        estimate_tokens=task.estimate_tokens,
        critical=critical,
    )


def _short(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1].rstrip()}…"
