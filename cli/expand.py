"""`mission expand`: plan a placeholder into tasks."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from agents.registry import settings
from cli.arguments import PATH, path_and
from cli.console import Style, fact, paint, print_json, printable, talk
from cli.live import display_for
from cli.question import agreed
from cli.stopping import stopped_by_signals
from cli.tables import Column, table
from errors import UsageError
from flows.reach import reach
from mission.amounts import count
from mission.config import MissionConfig, load_config
from mission.place import Place
from orchestrator.assembly.assembly import Assembly
from orchestrator.becoming import claim_mission
from orchestrator.expanding import Expansion, placeholder, planners
from orchestrator.opening import open_mission
from orchestrator.workers.remote import NoWorkers, RemoteAgents
from tasks_md.model import Task
from tasks_md.parse import read
from workspace.process import Stop

app = typer.Typer()

_COLUMNS = (
    Column(heading="TASK"),
    Column(heading="AGENT"),
    Column(heading="ESTIMATE", right=True),
    Column(heading="AFTER", flexible=True),
    Column(heading="DESCRIPTION", flexible=True),
)
_STYLES: dict[str, Style] = {"+": "green", "-": "red"}


@app.command()
def expand_milestone(
    words: Annotated[
        list[str],
        typer.Argument(metavar="[PATH] MILESTONE", help=f"MILESTONE: the placeholder's id. {PATH}"),
    ],
    agent: Annotated[
        str | None, typer.Option(help="Who plans; by default opus, or the file's first agent.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write the plan without asking.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Although a milestone before it is not done.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Let an agent plan a placeholder milestone into tasks.

    The plan is checked with every lint rule and shown, as a table and as a difference; only then,
    and once a person agrees, does it take the place of the placeholder's text.
    """
    path, (milestone,) = path_and(words, "MILESTONE")
    place = Place.find(path)
    config = load_config(place.config_file)
    plan = read(place.task_file, config.dialect)
    placeholder(plan, milestone, force=force)
    if not yes and not sys.stdin.isatty():
        raise UsageError("there is nobody to ask", hint="--yes writes the plan without asking")
    stop, remote = Stop(), _workers(planners(plan, config, agent), config)
    with _opened(path, stop, remote) as parts:
        made = parts.planning.expand_patiently(milestone, planner=agent, force=force)
    if not as_json:
        _show(made)
    # Asked with nothing open: a live display would hide the question, and others may write.
    written = yes or agreed(f"Put these {len(made.tasks)} tasks into the file?")
    if written:
        with _opened(path, stop) as parts:
            parts.planning.write_expansion(made)
            parts.status_commits.publish_status()
    if as_json:
        print_json({"milestone": made.milestone, "rows": len(made.tasks), "written": written})
    else:
        talk(
            f"{made.milestone} has {len(made.tasks)} tasks." if written else "Nothing was written."
        )
    raise typer.Exit(0 if written else 1)


def _workers(names: Iterable[str], config: MissionConfig) -> RemoteAgents:
    """How the agents are reached that work on workers; no server starts where none of them does."""
    if not any(settings(name, config).where == "worker" for name in names):
        return NoWorkers()
    reach(talk)
    # Prefect reads its settings as it is imported, and `reach` has just made them.
    from flows.remote import PrefectAgents  # noqa: PLC0415 - imports Prefect, after `reach`

    return PrefectAgents()


@contextmanager
def _opened(path: str | None, stop: Stop, remote: RemoteAgents | None = None) -> Iterator[Assembly]:
    with (
        display_for(Console(stderr=True)) as display,
        stopped_by_signals(stop),
        open_mission(path, display, stop, remote=remote) as (parts, board),
    ):
        claim_mission(parts, board)
        yield parts


def _show(made: Expansion) -> None:
    fact(table(_COLUMNS, [_row(task) for task in made.tasks]))
    for line in difflib.unified_diff(
        made.before.split("\n"), made.after.split("\n"), "now", "planned", lineterm="", n=1
    ):
        fact(paint(printable(line), _STYLES.get(line[:1], "dim")))
    for finding in made.findings:
        talk(printable(f"{finding.severity}: {finding.message}"))


def _row(task: Task) -> tuple[str, ...]:
    return (
        task.id,
        task.agent,
        count(task.estimate_tokens),
        ", ".join(task.depends_on) or "—",
        task.description,
    )
