"""`mission demo`: the shipped mission, end to end, in a scratch repository."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.resources import as_file
from pathlib import Path
from typing import Annotated

import typer

from mission.errors import MissionError, StoppedError, UsageError
from mission.state import Status
from missions.scratch import Scratch, make_scratch, remove_scratch, shipped_plan, start_ci
from tasks_md.model import Milestone, Plan
from tasks_md.parse import read
from workspace.git import Git

app = typer.Typer()


@app.command()
def demo(
    plan: Annotated[
        Path | None,
        typer.Option(help="Another TASKS.md to carry out instead of the shipped one."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the scratch folder there.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Where to make it; new or empty. Implies --keep.")
    ] = None,
) -> None:
    """Carry the first open milestone of a mission out, with a script as the agent.

    Everything happens in a scratch repository with a bare remote of its own: worktrees, commits,
    the queue guard, pushes and squash merges are real; only the agent is a script.
    """
    if plan is None:
        with as_file(shipped_plan()) as path:
            mission, content = read(path), path.read_bytes()
    else:
        if not plan.is_file():
            raise UsageError(f"{plan} is no file", hint="Name a TASKS.md")
        mission, content = read(plan), plan.read_bytes()
    milestone = _first_open(mission)
    keep = keep or folder is not None
    target = folder or Path(tempfile.mkdtemp(prefix="mission-demo-"))
    scratch = make_scratch(target.resolve(), mission, content)
    start_ci(scratch)
    typer.echo(f"{mission.mission}, milestone {milestone.id}, in {scratch.folder}", err=True)
    code = _carry_out(scratch, milestone)
    if code != 0 or keep:
        typer.echo(f"Everything is still in {scratch.folder}", err=True)
    else:
        remove_scratch(scratch)
    raise typer.Exit(code)


def _first_open(plan: Plan) -> Milestone:
    """The first milestone with a row that is still to be done."""
    for milestone in plan.milestones:
        if any(task.status != Status.DONE for task in milestone.tasks):
            return milestone
    raise MissionError(
        f"{plan.path} has no open row", hint="The demo needs at least one that is not done"
    )


def _carry_out(scratch: Scratch, milestone: Milestone) -> int:
    """Run the milestone and show what came of it; the exit code of `mission run`."""
    environment = _environment(scratch)
    plan = str(scratch.task_file)
    try:
        code = _mission(scratch, environment, "run", plan, "--milestone", milestone.id)
        if code == StoppedError.exit_code:
            return code
        for command in ("history", "status"):
            _title(f"mission {command}")
            _mission(scratch, environment, command, plan)
        _title("git log --oneline main")
        typer.echo(Git(scratch.remote).run("log", "--oneline", "main").stdout.rstrip())
    finally:
        _mission(scratch, environment, "server", "stop", quiet=True)
    typer.echo(
        "\nThe agent was a script (tools/scripted_agent.py in the scratch repository): no model "
        "was called."
    )
    return code


def _environment(scratch: Scratch) -> Mapping[str, str]:
    """The runner's state below the scratch folder, and a local Prefect server of its own."""
    mine = {k: v for k, v in os.environ.items() if k not in {"PREFECT_API_URL", "PREFECT_PROFILE"}}
    # `python3` of mission.yaml must be one that runs: this one.
    path = os.pathsep.join([str(Path(sys.executable).parent), mine.get("PATH", os.defpath)])
    return {**mine, "MISSION_HOME": str(scratch.home), "PATH": path}


def _mission(
    scratch: Scratch, environment: Mapping[str, str], *arguments: str, quiet: bool = False
) -> int:
    """Run one `mission` command as a person would, on this terminal; its exit code."""
    # A Ctrl-C reaches the command too. It decides what to do about it, and we wait until it has.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        return subprocess.run(
            [sys.executable, "-P", "-m", "cli", *arguments],
            cwd=scratch.repository,
            env=environment,
            stdout=subprocess.DEVNULL if quiet else None,
            check=False,
        ).returncode
    finally:
        signal.signal(signal.SIGINT, before)


def _title(text: str) -> None:
    typer.echo(f"\n$ {text}\n")
    sys.stdout.flush()
