"""Who waits for whom: rows in layers, or milestones where there are many rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dashboard.layers import layers_of, untangled
from dashboard.pages.page import Query
from dashboard.states import State, grouped, states_of
from service.standing import Standing

_MOST = 150  # rows that are drawn one by one
_WIDTH, _HEIGHT = 132, 42  # of a node
_ACROSS, _DOWN = 178, 54  # from one node to the next
_EDGE = 12  # around all of it


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A row, or a milestone."""

    id: str
    state: State | None  # None: it is a milestone
    bar: dict[str, int]  # of a milestone: its rows by group
    text: str  # its description or title
    critical: bool
    before: tuple[str, ...]
    behind: tuple[str, ...]
    x: int
    y: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """One waits for the other."""

    path: str  # as SVG has it
    critical: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphPage:
    """The page."""

    nodes: tuple[Node, ...]  # in the order of their layers
    edges: tuple[Edge, ...]
    width: int
    height: int
    node_width: int
    node_height: int
    collapsed: bool  # nodes are milestones
    milestone: str  # rows of this one alone; empty: of all
    critical_path: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Drawn:
    """What is to be drawn of one node."""

    state: State | None
    bar: dict[str, int]
    text: str


def graph_page(standing: Standing, query: Query) -> GraphPage:
    """Put it together. Pure."""
    only = query.text("milestone")
    views = [view for view in standing.overview.tasks if not only or view.task.milestone == only]
    states = states_of(standing)
    if len(views) > _MOST and not only:
        drawn, before = _milestones(standing, states)
    else:
        views = views[:_MOST]
        drawn = {
            view.task.id: _Drawn(state=states[view.task.id], bar={}, text=view.task.description)
            for view in views
        }
        before = {
            view.task.id: tuple(one for one in view.task.depends_on if one in drawn)
            for view in views
        }
    collapsed = len(views) > _MOST
    critical = standing.overview.critical_path
    if collapsed:
        owner = {view.task.id: view.task.milestone for view in standing.overview.tasks}
        critical = tuple(dict.fromkeys(owner[task] for task in critical if task in owner))
    return _laid_out(drawn, before, critical, collapsed=collapsed, milestone=only)


def _milestones(
    standing: Standing, states: Mapping[str, State]
) -> tuple[dict[str, _Drawn], dict[str, tuple[str, ...]]]:
    owner = {view.task.id: view.task.milestone for view in standing.overview.tasks}
    drawn, before = {}, {}
    for one in standing.overview.milestones:
        name = one.milestone.id
        bar = grouped(states[view.task.id] for view in one.tasks)
        drawn[name] = _Drawn(state=None, bar=bar, text=one.milestone.title)
        waited = {owner.get(other) for view in one.tasks for other in view.task.depends_on}
        before[name] = tuple(sorted(other for other in waited if other and other != name))
    return drawn, before


def _laid_out(
    drawn: Mapping[str, _Drawn],
    before: Mapping[str, Sequence[str]],
    critical: Sequence[str],
    *,
    collapsed: bool,
    milestone: str,
) -> GraphPage:
    layers = untangled(layers_of(list(drawn), before), before)
    tallest = max(map(len, layers), default=0)
    places: dict[str, tuple[int, int]] = {}
    for across, layer in enumerate(layers):
        top = (tallest - len(layer)) * _DOWN // 2
        for down, name in enumerate(layer):
            places[name] = (_EDGE + across * _ACROSS, _EDGE + top + down * _DOWN)
    behind: dict[str, list[str]] = {}
    for name, its in before.items():
        for one in its:
            behind.setdefault(one, []).append(name)
    steps = set(pairwise(critical))
    return GraphPage(
        nodes=tuple(
            Node(
                id=name, state=drawn[name].state, bar=drawn[name].bar, text=drawn[name].text,
                critical=name in critical, before=tuple(before.get(name, ())),
                behind=tuple(behind.get(name, ())), x=places[name][0], y=places[name][1],
            )
            for layer in layers
            for name in layer
        ),
        edges=tuple(
            Edge(path=_curve(places[one], places[name]), critical=(one, name) in steps)
            for name, its in before.items()
            for one in its
            if one in places
        ),
        width=2 * _EDGE + max(0, len(layers) - 1) * _ACROSS + _WIDTH,
        height=2 * _EDGE + max(0, tallest - 1) * _DOWN + _HEIGHT,
        node_width=_WIDTH,
        node_height=_HEIGHT,
        collapsed=collapsed,
        milestone=milestone,
        critical_path=tuple(critical),
    )  # fmt: skip


def _curve(start: tuple[int, int], end: tuple[int, int]) -> str:
    """From the right side of one node to the left side of the other."""
    x1, y1 = start[0] + _WIDTH, start[1] + _HEIGHT // 2
    x2, y2 = end[0], end[1] + _HEIGHT // 2
    bend = max(30, (x2 - x1) // 2)
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
