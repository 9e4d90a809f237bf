"""`mission graph`: who waits for whom."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise
from typing import Annotated

import typer

from cli.console import fact, paint, print_json, printable, talk
from cli.tables import STATUS_STYLES, Column, table
from cli.typed_here import place_at
from mission.amounts import count
from mission.plan import read_plan
from tasks_md.graph import Graph
from tasks_md.model import Plan

app = typer.Typer()

_COLUMNS = (
    Column(heading="WAVE", right=True),
    Column(heading="TASK"),
    Column(heading="STATUS", styles=STATUS_STYLES),
    Column(heading="ESTIMATE", right=True),
    Column(heading="DEPENDS ON", flexible=True),
)
_FILLS = {
    "done": "#c8e6c9",
    "in-progress": "#bbdefb",
    "needs-qa": "#fff9c4",
    "blocked": "#ffe0b2",
    "failed": "#ffcdd2",
}
_FILL = "#f5f5f5"


class Format(StrEnum):
    """How to print it."""

    TEXT = "text"
    MERMAID = "mermaid"
    DOT = "dot"
    JSON = "json"


@app.command()
def graph(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """The dependencies: waves of tasks that can run side by side, and the critical path.

    The exit code is 1 if tasks wait for each other in a circle.
    """
    plan = read_plan(place_at(path))
    made = Graph.of(plan)
    if as_json or form is Format.JSON:
        print_json(_data(plan, made))
    elif form is Format.TEXT:
        _print(plan, made)
    else:
        lines = _mermaid(plan, made) if form is Format.MERMAID else _dot(plan, made)
        for line in lines:
            fact(line)
    for cycle in made.cycles:
        talk(printable(f"mission: each of these waits for the next: {' → '.join(cycle)}"))
    raise typer.Exit(1 if made.cycles else 0)


def _data(plan: Plan, made: Graph) -> dict[str, object]:
    return {
        "mission": plan.mission,
        "path": plan.path,
        "tasks": [
            {
                "id": task.id,
                "status": task.status,
                "milestone": task.milestone,
                "estimate_tokens": task.estimate_tokens,
                "depends_on": list(task.depends_on),
                "dependents": list(made.dependents[task.id]),
            }
            for task in plan.by_id.values()
        ],
        "order": list(made.order),
        "waves": [list(wave) for wave in made.waves()],
        "critical_path": list(made.critical_path()),
        "cycles": [list(cycle) for cycle in made.cycles],
    }


def _print(plan: Plan, made: Graph) -> None:
    rows = []
    for number, wave in enumerate(made.waves(), 1):
        for task in map(plan.task, wave):
            depends_on = task.cells["depends_on"].text if "depends_on" in task.cells else ""
            row = (str(number), task.id, task.status, count(task.estimate_tokens), depends_on)
            rows.append(row)
    if not rows:
        talk("There are no tasks.")
        return
    fact(table(_COLUMNS, rows))
    critical = made.critical_path()
    if critical:
        length = count(made.remaining(critical[0]))
        name = f"{paint('Critical path', 'bold')} ({length} tokens)"
        if not made.estimated:
            tasks = "1 task" if len(critical) == 1 else f"{len(critical)} tasks"
            name = f"{paint('Longest chain', 'bold')} ({tasks})"
        fact()
        fact(f"{name}: {' → '.join(critical)}")


def _edges(plan: Plan, made: Graph) -> Iterator[tuple[str, str, bool]]:
    """Each dependency as (first, second, whether both lie on the critical path next each other)."""
    critical = made.critical_path()
    steps = set(pairwise(critical))
    for task in plan.by_id.values():
        for dependency in task.depends_on:
            yield dependency, task.id, (dependency, task.id) in steps


def _mermaid(plan: Plan, made: Graph) -> Iterator[str]:
    """A Mermaid flowchart, which forges draw in Markdown."""
    names = {task: f"t{number}" for number, task in enumerate(plan.by_id)}
    yield "flowchart LR"
    for milestone in plan.milestones:
        if milestone.placeholder:
            continue
        yield f'    subgraph "{_entity(f"{milestone.id} {milestone.title}")}"'
        for task in milestone.tasks:
            style = task.status.replace("-", "") if task.status in _FILLS else "open"
            yield f'        {names[task.id]}["{_entity(task.id)}"]:::{style}'
        yield "    end"
    for first, second, critical in _edges(plan, made):
        yield f"    {names[first]} {'==>' if critical else '-->'} {names[second]}"
    for style, fill in {"open": _FILL, **_FILLS}.items():
        yield f"    classDef {style.replace('-', '')} fill:{fill},stroke:#555,color:#111"


def _dot(plan: Plan, made: Graph) -> Iterator[str]:
    """A Graphviz graph."""
    yield "digraph mission {"
    yield '    rankdir=LR; node [shape=box, style="rounded,filled", fontname="sans-serif"];'
    for number, milestone in enumerate(plan.milestones):
        if milestone.placeholder:
            continue
        yield f"    subgraph cluster_{number} {{"
        yield f"        label={_quoted(f'{milestone.id} {milestone.title}')};"
        for task in milestone.tasks:
            fill = _FILLS.get(task.status, _FILL)
            yield f"        {_quoted(task.id)} [fillcolor={_quoted(fill)}];"
        yield "    }"
    for first, second, critical in _edges(plan, made):
        width = " [penwidth=3]" if critical else ""
        yield f"    {_quoted(first)} -> {_quoted(second)}{width};"
    yield "}"


def _entity(text: str) -> str:
    """Text within Mermaid's quotes: everything that could end them or mean something, by number."""
    return "".join(c if c.isalnum() or c in " -_.,:/+" else f"#{ord(c)};" for c in printable(text))


def _quoted(text: str) -> str:
    escaped = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
