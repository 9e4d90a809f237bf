"""What `mission expand` does: has a plan made, shows it, asks, and puts it into the file."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

from agents.registry import settings
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

_COLUMNS = (
    Column(heading="TASK"),
    Column(heading="AGENT"),
    Column(heading="ESTIMATE", right=True),
    Column(heading="AFTER", flexible=True),
    Column(heading="BRANCH", flexible=True),
    Column(heading="DESCRIPTION", flexible=True),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a person asked for."""

    path: str | None  # as it was typed
    milestone: str
    agent: str | None  # who plans
    yes: bool  # written without a question
    edit: bool  # opened in an editor before it is shown
    anew: bool  # an agent is asked, although a plan is kept
    force: bool  # although a milestone before it is not done


def plan_and_tell(place: Place, asked: Asked, *, as_json: bool) -> bool:
    """Have the milestone planned, and put into the file what a person agrees to; whether it was.

    Raises:
        MissionError: As `orchestrator.opening.open_mission` and the planning raise it.
    """
    config = load_config(place.config_file)
    plan = read(place.task_file, config.dialect)
    milestone = placeholder(plan, asked.milestone, force=asked.force).id
    if not asked.yes and not sys.stdin.isatty():
        raise UsageError("there is nobody to ask", hint="--yes writes the plan without asking")
    kept = KeptPlans(place=place)
    # Nobody has agreed to what is kept: --yes takes only what somebody has edited of it.
    another = asked.anew or asked.agent is not None or (asked.yes and not asked.edit)
    body = None if another else kept.read(milestone)
    stop = Stop()
    asking = () if body is not None else planners(plan, config, asked.agent)
    remote = _workers(asking, config)
    with _opened(asked.path, stop, remote) as parts:
        if body is None:
            made = parts.planning.expand_patiently(
                milestone, planner=asked.agent, force=asked.force
            )
            kept.keep(milestone, made.body)
        elif not asked.edit:
            made = parts.planning.taken_from(body, milestone, force=asked.force)
    if asked.edit:
        edit_file(kept.path(milestone))
        edited = kept.read(milestone) or ""
        with _opened(asked.path, stop) as parts:
            made = parts.planning.taken_from(edited, milestone, force=asked.force)
    if not as_json:
        _show(made, kept=body is not None)
    # Asked with nothing open: a live display would hide the question, and others may write.
    tasks = counted(len(made.tasks), "task")
    written = asked.yes or agreed(f"Put {tasks} into the file?")
    if written:
        with _opened(asked.path, stop) as parts:
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
    return written


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
