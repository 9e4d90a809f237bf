"""The order of tasks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasks_md.graph import Frontier, Graph
from tasks_md.model import Plan
from tasks_md.parse import parse
from tests.unit.tasks_md.plans import HEADER, RULE, plan_text, row

SAMPLE = parse(
    plan_text(
        [
            row("a", "done", estimate="1K"),
            row("b", depends_on="a", estimate="1K"),
            row("c", depends_on="a", estimate="9K"),
            row("d", depends_on="b, c", estimate="2K"),
            row("e", estimate="2K"),
        ]
    )
)


def statuses(plan: Plan) -> dict[str, str]:
    return {task.id: task.status for task in plan.tasks}


def test_a_plan_in_order() -> None:
    graph = Graph.of(SAMPLE)
    assert graph.order == ("a", "b", "c", "d", "e")
    assert graph.waves() == (("a", "e"), ("b", "c"), ("d",))
    assert graph.dependents["a"] == ("b", "c")
    assert graph.critical_path() == ("c", "d")
    assert graph.ready(statuses(SAMPLE)) == ("c", "b", "e")
    assert graph.waiting_on("d", statuses(SAMPLE)) == ("b", "c")
    assert graph.cycle is None


def test_without_estimates_every_task_weighs_the_same() -> None:
    rows = [row("x", estimate="—"), row("y", estimate="—"), row("z", depends_on="y", estimate="—")]
    graph = Graph.of(parse(plan_text(rows)))
    assert graph.critical_path() == ("y", "z")


def test_a_row_without_an_estimate_weighs_as_the_average() -> None:
    rows = [row("x", estimate="3K"), row("y", estimate="—"), row("z", "not-started", "y")]
    assert Graph.of(parse(plan_text(rows))).remaining("y") == 3500 + 4000


def test_a_cycle_is_told_with_its_whole_path() -> None:
    rows = [
        row("a", depends_on="c"),
        row("b", depends_on="a"),
        row("c", depends_on="b"),
        row("d", depends_on="c"),
        row("e"),
    ]
    plan = parse(plan_text(rows))
    graph = Graph.of(plan)
    assert graph.cycle == ("a", "c", "b", "a")
    assert graph.order == ("e", "a", "b", "c", "d")
    assert graph.ready(statuses(plan)) == ("e",)
    assert graph.waves() == (("e",),)


def test_two_cycles_are_both_found() -> None:
    rows = [
        row("a", depends_on="b"),
        row("b", depends_on="a"),
        row("c", depends_on="d, a"),
        row("d", depends_on="c"),
    ]
    cycles = Graph.of(parse(plan_text(rows))).cycles
    assert ("a", "b", "a") in cycles


def test_a_task_that_waits_for_itself_is_never_ready() -> None:
    plan = parse(plan_text([row("a", depends_on="a"), row("b", depends_on="a")]))
    graph = Graph.of(plan)
    assert graph.never_ready == {"a"}
    assert graph.cycles == ()
    assert graph.ready(statuses(plan)) == ()


def test_a_row_that_cannot_be_trusted_is_never_ready() -> None:
    plan = parse(plan_text([row("a", depends_on="perhaps later"), row("b")]))
    assert Graph.of(plan).ready(statuses(plan)) == ("b",)


def test_ten_thousand_in_one_chain() -> None:
    count = 10_000
    rows = [row(f"t{n}", depends_on=f"t{n - 1}" if n else "—", estimate="1K") for n in range(count)]
    plan = parse(plan_text(rows))
    graph = Graph.of(plan)
    assert graph.critical_path() == tuple(f"t{n}" for n in range(count))
    assert len(graph.waves()) == count
    frontier = Frontier(graph, statuses(plan))
    assert frontier.ready() == ("t0",)
    for n in range(count - 1):
        assert frontier.finish(f"t{n}") == (f"t{n + 1}",)


def test_a_cycle_of_ten_thousand() -> None:
    count = 10_000
    rows = [row(f"t{n}", depends_on=f"t{(n - 1) % count}") for n in range(count)]
    cycle = Graph.of(parse(plan_text(rows))).cycle
    assert cycle is not None
    assert len(cycle) == count + 1


def test_a_thousand_that_wait_for_a_milestone_of_a_thousand() -> None:
    later = [row(f"y{n}", depends_on="M1") for n in range(1000)]
    more = "\n## Milestone 2 — More (M2)\n\n" + "\n".join([HEADER, RULE, *later]) + "\n"
    plan = parse(plan_text([row(f"x{n}") for n in range(1000)], after=more))
    graph = Graph.of(plan)
    assert sum(len(sources) for sources in graph.edges.before) == 2000
    assert len(graph.dependents["x0"]) == 1000
    assert [len(wave) for wave in graph.waves()] == [1000, 1000]
    frontier = Frontier(graph, statuses(plan))
    for n in range(999):
        assert frontier.finish(f"x{n}") == ()
    assert len(frontier.finish("x999")) == 1000
    assert frontier.change("x5", "in-progress") == ()
    assert not frontier.is_ready("y0")


@given(st.data())
def test_the_frontier_agrees_with_the_definition(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    ids = [f"t{n}" for n in range(count)]
    texts = [
        ", ".join(data.draw(st.lists(st.sampled_from(ids[:n]), unique=True))) if n else "—"
        for n in range(count)
    ]
    # One text for several rows is the case with a hidden node.
    texts = [data.draw(st.sampled_from(texts[: n + 1])) for n in range(count)]
    plan = parse(plan_text([row(i, depends_on=t) for i, t in zip(ids, texts, strict=True)]))
    graph = Graph.of(plan)
    now = statuses(plan)
    frontier = Frontier(graph, now)
    for _ in range(data.draw(st.integers(0, 20))):
        task = data.draw(st.sampled_from(ids))
        status = data.draw(st.sampled_from(["not-started", "in-progress", "done", "failed"]))
        before = set(frontier.ready())
        newly = frontier.change(task, status)
        now[task] = status
        expected = {
            t.id
            for t in plan.tasks
            if now[t.id] == "not-started" and all(now[d] == "done" for d in t.depends_on)
        }
        assert set(frontier.ready()) == set(graph.ready(now)) == expected
        assert set(newly) == expected - before
    for each in plan.tasks:
        waiting = {d for d in each.depends_on if now[d] != "done"}
        assert set(graph.waiting_on(each.id, now)) == waiting
        for dependency in each.depends_on:
            assert graph.order.index(dependency) < graph.order.index(each.id)
            assert each.id in graph.dependents[dependency]
