"""`mission report`: estimates against what was spent."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from cli.console import fact, print_json, talk
from cli.tables import STATUS_STYLES, Column, table
from mission.journal import Journal
from mission.journal.database import utc_now
from mission.place import Place
from mission.plan import read_plan
from mission.report import Line, Report, make_report
from mission.report_markdown import amounts, remark, report_markdown

app = typer.Typer()

_AMOUNTS = (
    Column(heading="EST", right=True),
    Column(heading="SPENT", right=True),
    Column(heading="OF IT", right=True),
    Column(heading="CACHE", right=True),
    Column(heading="COST", right=True),
    Column(heading="TRIES", right=True),
    Column(heading="TIME", right=True),
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
    """Estimates against actuals, per task, milestone and agent: tokens, cost, attempts, time."""
    place = Place.find(path)
    plan = read_plan(place)
    with Journal.open_to_read(place.journal_file) as journal:
        attempts = journal.attempts()
    made = make_report(plan, attempts, now=utc_now(), milestone=milestone)
    if as_json or form is Format.JSON:
        print_json({"path": str(place.task_file), **_data(made)})
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


def _data(made: Report) -> dict[str, object]:
    return {
        "mission": made.mission,
        "tasks": [
            {"milestone": line.milestone, "status": line.status} | _line_data(line)
            for line in made.tasks
        ],
        "milestones": [_line_data(line) for line in made.milestones],
        "agents": [_line_data(line) for line in made.agents],
        "total": _line_data(made.total),
    }


def _line_data(line: Line) -> dict[str, object]:
    spent = line.spent
    return {
        "id": line.name,
        "agents": line.agents,
        "estimate_tokens": line.estimate_tokens,
        "spent_tokens": spent.tokens,
        "input_tokens": spent.input_tokens,
        "output_tokens": spent.output_tokens,
        "cached_tokens": spent.cached_tokens,
        "ratio": line.ratio,
        "cost_usd": spent.cost_usd,
        "unpriced_attempts": spent.unpriced,
        "attempts": spent.attempts,
        "seconds": spent.time,
    }
