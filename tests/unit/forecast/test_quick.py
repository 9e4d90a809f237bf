"""Plays by their short cuts, against plays that ask the run's own parts about everything."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.play import Play
from forecast.quick import QuickPlay, Shortcuts
from forecast.rows import PlayedRows, RowTable
from forecast.scene import Scene
from forecast.setting import WhatIf
from tasks_md.graph import Graph
from tasks_md.parse import parse
from tasks_md.ready import ReadyRows
from tests.unit.forecast.scenes import scene
from tests.unit.orchestrator.in_memory import table

AGENTS: dict[str, object] = {
    "worker": {"type": "command", "run": ["true"], "fallback": "second"},
    "second": {"type": "command", "run": ["true"], "model": "second"},
}
MISSIONS: dict[str, dict[str, object]] = {
    "plain": {},
    "fallback": {"agents": AGENTS},
    "verified": {"verify": [{"name": "tests", "run": ["true"]}]},
    "reviewed": {"agents": AGENTS, "review": [{"by": ["second"], "rounds": 2}]},
    "approved": {"qa": [{"match": {}}]},
    "both": {"agents": AGENTS, "review": [{"by": ["second"]}], "qa": [{"match": {}}]},
    "own limits": {"budget": {"task_factor": 1.2}},
    "limited": {"budget": {"mission": {"tokens": 30_000}, "day": {"tokens": 20_000}}},
}


def plan(edges: list[tuple[int, int]], statuses: dict[int, str]) -> str:
    """Ten rows; each waits for some before it."""
    after = {n: sorted({a for a, b in edges if b == n and a < b}) for n in range(10)}
    text = table(*((f"R{n}", ", ".join(f"R{a}" for a in after[n])) for n in range(10)))
    for n, status in statuses.items():
        text = text.replace(f"| R{n} | not-started", f"| R{n} | {status}")
    return text


def troubled(made: Scene, times: int) -> Scene:
    """The same where that which is rare happens so many times as often."""
    for course in made.courses.values():
        for stint in course.stints.values():
            odds = tuple((min(1.0, bound * times), one) for bound, one in stint.odds)
            object.__setattr__(stint, "odds", odds)
            object.__setattr__(stint, "trouble", min(1.0, stint.trouble * times))
    return made


EDGES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=16)
STATUSES = st.dictionaries(
    st.integers(0, 9), st.sampled_from(("done", "in-progress", "failed", "needs-qa")), max_size=4
)


@pytest.mark.parametrize("name", sorted(MISSIONS))
@given(
    edges=EDGES,
    statuses=STATUSES,
    slots=st.integers(1, 4),
    times=st.sampled_from((0, 1, 4)),
    strategy=st.sampled_from((None, "batch")),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=20)
def test_of_one_seed_the_same_comes_out_as_where_everything_is_asked(
    name: str,
    edges: list[tuple[int, int]],
    statuses: dict[int, str],
    slots: int,
    times: int,
    strategy: str | None,
    seed: int,
) -> None:
    config = MISSIONS[name] | {"max_parallel": slots}
    made = troubled(scene(plan(edges, statuses), config, what_if=WhatIf(strategy=strategy)), times)
    asked = Play(made, Random(seed)).play()  # noqa: S311 - no secrets
    assert QuickPlay(Shortcuts.of(made), Random(seed)).play() == asked  # noqa: S311 - as above


@given(edges=EDGES, statuses=STATUSES, dice=st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_rows_as_numbers_are_ready_as_those_of_a_run_are(
    edges: list[tuple[int, int]], statuses: dict[int, str], dice: Random
) -> None:
    read = parse(plan(edges, statuses))
    now = {task.id: task.status for task in read.by_id.values()}
    graph = Graph.of(read)
    real, played = ReadyRows(graph, now), PlayedRows(RowTable.of(graph, now))
    begun: list[str] = []
    while len(real) or begun:
        assert list(played) == list(real)
        assert len(played) == len(real)
        if begun and (not len(real) or dice.random() < 0.5):
            task = begun.pop(dice.randrange(len(begun)))
            status = dice.choice(("done", "done", "not-started"))
        else:
            task, status = dice.choice(list(real)), "in-progress"
            begun.append(task)
        real.set(task, status)
        played.set(task, status)
    assert list(played) == list(real) == []
