"""`mission next`: what would be dispatched now."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import fact, print_json, talk
from cli.tables import Column, table
from cli.typed_here import place_at
from mission.amounts import count
from mission.plan import read_plan
from service.overview import AGGREGATE, TaskView, make_overview, task_data
from tasks_md.graph import Graph
from tasks_md.model import AUTO, DONE, BranchKind
from tasks_md.words import shorten

app = typer.Typer()

_DESCRIPTION = 100  # characters; the file has the rest

_COLUMNS = (
    Column(heading="TASK"),
    Column(heading="AGENT"),
    Column(heading="ESTIMATE", right=True),
    Column(heading="CHAIN", right=True),
    Column(heading="BRANCH", flexible=True),
    Column(heading="DESCRIPTION", flexible=True),
)


@app.command("next")
def next_tasks(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """The ready tasks in dispatch order: the longest chain of open tasks behind them first."""
    place = place_at(path)
    plan = read_plan(place)
    graph = Graph.of(plan)
    overview = make_overview(plan, graph, {})
    by_id = {view.task.id: view for view in overview.tasks}
    ready = [by_id[task] for task in overview.ready]
    if as_json:
        print_json(
            {
                "mission": overview.mission,
                "path": overview.path,
                "ready": list(overview.ready),
                "tasks": [
                    {**task_data(view), "chain_tokens": graph.remaining(view.task.id)}
                    for view in ready
                ],
            }
        )
    elif ready:
        fact(table(_COLUMNS, [_row(view, graph) for view in ready]))
    elif not overview.tasks:
        talk("There are no tasks.")
    elif all(view.task.status == DONE for view in overview.tasks):
        talk("Every task is done.")
    else:
        talk("No task is ready. `mission status` tells what they wait for.")


def _row(view: TaskView, graph: Graph) -> tuple[str, ...]:
    task = view.task
    branch = AGGREGATE if task.branch_kind is BranchKind.AGGREGATE else task.branch or "—"
    return (
        task.id,
        "auto" if task.agent == AUTO else task.agent,
        count(task.estimate_tokens),
        count(graph.remaining(task.id) if graph.estimated else None),
        branch,
        shorten(task.description, _DESCRIPTION),
    )
