"""`mission report`: estimates against what was spent."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from cli.console import fact, print_json, talk
from cli.tables import STATUS_STYLES, Column, table
from cli.typed_here import place_at
from mission.report import Line, Report
from mission.report_markdown import amounts, remark, report_markdown
from service.reporting import read_report, report_data

app = typer.Typer()

_AMOUNTS = (
    Column(heading="EST", right=True),
    Column(heading="SPENT", right=True),
    Column(heading="OF IT", right=True),
    Column(heading="CACHE", right=True),
    Column(heading="COST", right=True),
    Column(heading="TRIES", right=True),
    Column(heading="WORK", right=True),
    Column(heading="WAIT", right=True),
)


class Format(StrEnum):
    """How to print it."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


@app.command()
def report(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
    milestone: Annotated[str | None, typer.Option(help="Only this milestone.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TABLE,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Estimates against actuals, per task, milestone and agent: tokens, cost, attempts, time.

    WORK is the time of agents, reviewers and checks; WAIT that for providers, gates, turns to merge
    and people.
    """
    place = place_at(path)
    made = read_report(place, milestone=milestone)
    if as_json or form is Format.JSON:
        print_json({"path": str(place.task_file), **report_data(made)})
    elif form is Format.MARKDOWN:
        fact(report_markdown(made).rstrip("\n"))
    else:
        _print(made)


def _print(made: Report) -> None:
    tasks = [_task_row(line) for line in made.tasks]
    total = ("total", "", "", *amounts(made.total))
    heads = (
        Column(heading="TASK"),
        Column(heading="STATUS", styles=STATUS_STYLES),
        Column(heading="AGENTS", flexible=True),
    )
    fact(table((*heads, *_AMOUNTS), [*tasks, total]))
    _print_part("MILESTONE", made.milestones)
    _print_part("AGENT", made.agents)
    if remark(made):
        talk(remark(made))


def _task_row(line: Line) -> tuple[str, ...]:
    return (line.name, line.status, ", ".join(line.agents), *amounts(line))


def _print_part(heading: str, lines: Sequence[Line]) -> None:
    if lines:
        rows = [(line.name, *amounts(line)) for line in lines]
        fact("\n" + table((Column(heading=heading, flexible=True), *_AMOUNTS), rows))
