"""`mission expand`: plan a placeholder into tasks."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from agents.registry import settings
from cli.arguments import PATH, path_and
from cli.console import fact, print_json, printable, talk
from cli.editor import edit_file
from cli.live import display_for
from cli.question import agreed
from cli.stopping import stopped_by_signals
from cli.tables import Column, table
from errors import UsageError
from flows.reach import reach
from mission.amounts import count, counted
from mission.config import MissionConfig, load_config
from mission.place import Place
from orchestrator.assembly.assembly import Assembly
from orchestrator.becoming import claim_mission
from orchestrator.expanding import Expansion, placeholder, planners
from orchestrator.kept_plans import KeptPlans
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
    Column(heading="BRANCH", flexible=True),
    Column(heading="DESCRIPTION", flexible=True),
)


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
    edit: Annotated[
        bool, typer.Option("--edit", help="Open the plan in $VISUAL or $EDITOR before it is shown.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Ask an agent, although a plan is kept.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Although a milestone before it is not done.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Let an agent plan a placeholder milestone into tasks.

    The plan is checked with every lint rule and shown; only then, and once a person agrees, does it
    take the place of the placeholder's text. Who does not agree finds it kept: without `--agent`,
    `--anew` and `--yes`, which ask an agent for another, it is shown again. `--edit --yes` takes it
    as it was edited.
    """
    path, (milestone,) = path_and(words, "MILESTONE")
    if edit and (as_json or not sys.stdin.isatty()):
        raise UsageError("--edit needs a terminal", hint="Leave it out")
    place = Place.find(path)
    config = load_config(place.config_file)
    plan = read(place.task_file, config.dialect)
    milestone = placeholder(plan, milestone, force=force).id
    if not yes and not sys.stdin.isatty():
        raise UsageError("there is nobody to ask", hint="--yes writes the plan without asking")
    kept = KeptPlans(place=place)
    # Nobody has agreed to what is kept: --yes takes only what somebody has edited of it.
    another = anew or agent is not None or (yes and not edit)
    body = None if another else kept.read(milestone)
    stop = Stop()
    remote = NoWorkers() if body is not None else _workers(planners(plan, config, agent), config)
    with _opened(path, stop, remote) as parts:
        if body is None:
            made = parts.planning.expand_patiently(milestone, planner=agent, force=force)
            kept.keep(milestone, made.body)
        elif not edit:
            made = parts.planning.taken_from(body, milestone, force=force)
    if edit:
        edit_file(kept.path(milestone))
        edited = kept.read(milestone) or ""
        with _opened(path, stop) as parts:
            made = parts.planning.taken_from(edited, milestone, force=force)
    if not as_json:
        _show(made, kept=body is not None)
    # Asked with nothing open: a live display would hide the question, and others may write.
    tasks = counted(len(made.tasks), "task")
    written = yes or agreed(f"Put {tasks} into the file?")
    if written:
        with _opened(path, stop) as parts:
            parts.planning.write_expansion(made)
            parts.status_commits.publish_status(made.subject)
    if as_json:
        told = {"milestone": made.milestone, "rows": len(made.tasks), "written": written}
        print_json({**told, "kept": body is not None})  # from an earlier time
    elif written:
        talk(f"{made.milestone} has {tasks}.")
    else:
        talk(
            f"Nothing was written, and the plan is kept: `mission expand {milestone}` shows it "
            "again, with --edit opens it; --anew asks an agent for another."
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


def _show(made: Expansion, *, kept: bool) -> None:
    if kept:
        talk("This plan was made before, and kept.")
    fact(table(_COLUMNS, [_row(task) for task in made.tasks]))
    for finding in made.findings:
        talk(printable(f"{finding.severity}: {finding.message}"))


def _row(task: Task) -> tuple[str, ...]:
    return (
        task.id,
        task.agent,
        count(task.estimate_tokens),
        ", ".join(task.depends_on) or "—",
        task.branch or "—",
        f"{task.description} Notes: {task.notes}" if task.notes else task.description,
    )
