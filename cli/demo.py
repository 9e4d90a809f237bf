"""`mission demo`: the shipped mission, end to end, in a scratch repository."""

from __future__ import annotations

import os
import secrets
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file
from pathlib import Path
from typing import Annotated

import typer

from cli.caretaker import Caretaker
from cli.console import talk
from errors import MissionError, StoppedError, UsageError
from mission.state import Status
from missions.beginning import Ports, reset
from missions.scratch import Scratch, make_scratch, shipped_plan, start_ci
from tasks_md.model import Milestone, Plan
from tasks_md.parse import parse, read
from tiers.servers.owned_process import free_port
from workspace.git import Git

app = typer.Typer()


@app.command()
def demo(
    plan: Annotated[
        Path | None,
        typer.Option(help="Another TASKS.md to carry out instead of the shipped one."),
    ] = None,
    from_scratch: Annotated[
        bool,
        typer.Option(
            "--from-scratch",
            help="Begin with no row done: boot the services, migrate and check, all for real.",
        ),
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the scratch folder there.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Where to make it; new or empty. Implies --keep.")
    ] = None,
) -> None:
    """Carry the first open milestone of a mission out, with a script as the agent.

    Everything happens in a scratch repository with a bare remote of its own: worktrees, commits,
    the queue guard, pushes and squash merges are real; only the agent is a script. With
    `--from-scratch` so are Postgres, Valkey, the migration and the gateway: on free ports, in
    containers where an engine answers, and ended with the demo.
    """
    talk("Making a scratch repository")
    mission, content = _read(plan)
    if from_scratch:
        content = reset(mission)
        mission = parse(content.decode("utf-8", "surrogateescape"), path=mission.path)
    milestone = _first_open(mission)
    keep = keep or folder is not None
    target = (folder or Path(tempfile.mkdtemp(prefix="mission-demo-"))).resolve()
    tier = Ports(postgres=free_port(), valkey=free_port()) if from_scratch else None
    scratch = make_scratch(target, mission, content, tier=tier)
    start_ci(scratch)
    typer.echo(f"{mission.mission}, milestone {milestone.id}, in {scratch.folder}", err=True)
    environment = _environment(scratch)
    with Caretaker(scratch.repository, scratch.folder, environment) as caretaker:
        if keep:
            caretaker.keep()
        code = _carry_out(_Demo(scratch, environment, caretaker), milestone, tier=tier)
        if code != 0 or keep:
            caretaker.keep()
            typer.echo(f"Everything is still in {scratch.folder}", err=True)
    raise typer.Exit(code)


def _read(path: Path | None) -> tuple[Plan, bytes]:
    """The mission to carry out, and the bytes of its file."""
    if path is None:
        with as_file(shipped_plan()) as shipped:
            return read(shipped), shipped.read_bytes()
    if not path.is_file():
        raise UsageError(f"{path} is no file", hint="Name a TASKS.md")
    return read(path), path.read_bytes()


def _first_open(plan: Plan) -> Milestone:
    """The first milestone with a row that is still to be done."""
    for milestone in plan.milestones:
        if any(task.status != Status.DONE for task in milestone.tasks):
            return milestone
    raise MissionError(
        f"{plan.path} has no open row", hint="The demo needs at least one that is not done"
    )


def _carry_out(demo: _Demo, milestone: Milestone, *, tier: Ports | None) -> int:
    """Run the milestone and show what came of it; the exit code of `mission run`."""
    plan = str(demo.scratch.task_file)
    if tier is not None:
        _make_reachable(demo.scratch.folder)
        demo.python("tiers.sample")  # what the migration finds in the local storage
    code = demo.mission("run", plan, "--milestone", milestone.id)
    if code == StoppedError.exit_code:
        return code
    _title("mission history")
    demo.mission("history", plan)
    _title("git log --oneline main")
    typer.echo(Git(demo.scratch.remote).run("log", "--oneline", "main").stdout.rstrip())
    _title("mission status")
    demo.mission("status", plan)
    real = "" if tier is None else " Services, migration and gateway were real; they end now."
    typer.echo(
        "\nThe agent was a script (tools/scripted_agent.py in the scratch repository): no model "
        f"was called.{real}"
    )
    typer.echo(
        "\nThree things to try next:\n"
        "  mission demo --plan YOUR.md    a rehearsal of a plan of your own, for nothing\n"
        "  mission demo --keep            leaves the scratch repository: look around in it\n"
        "  mission init                   begins a mission in your own repository"
    )
    return code


def _make_reachable(folder: Path) -> None:
    """Let the account that servers run as get through; what is theirs is closed by itself."""
    folder.chmod(folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)


def _environment(scratch: Scratch) -> Mapping[str, str]:
    """The runner's state below the scratch folder, a local Prefect server of its own, and nothing
    that says where a person's own services are."""
    mine = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PREFECT_API_URL", "PREFECT_PROFILE"} and not name.startswith("MISSION_")
    }
    # `python3` of mission.yaml must be one that runs: this one.
    path = os.pathsep.join([str(Path(sys.executable).parent), mine.get("PATH", os.defpath)])
    # Containers and volumes of its own, too, beside those of `mission tier up`.
    project = f"mission-demo-{secrets.token_hex(4)}"
    return {
        **mine,
        "MISSION_HOME": str(scratch.home),
        "PATH": path,
        "COMPOSE_PROJECT_NAME": project,
    }


@dataclass(frozen=True, slots=True)
class _Demo:
    """Where commands run, as a person would run them, on this terminal."""

    scratch: Scratch
    environment: Mapping[str, str]
    caretaker: Caretaker

    def mission(self, *arguments: str) -> int:
        """Run a `mission` command; its exit code."""
        return self.python("cli", *arguments)

    def python(self, module: str, *arguments: str) -> int:
        """Run a module of ours; its exit code."""
        # A Ctrl-C reaches it too. It decides what to do about it, and we wait until it has.
        before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
        try:
            with subprocess.Popen(
                [sys.executable, "-P", "-m", module, *arguments],
                cwd=self.scratch.repository,
                env=self.environment,
            ) as process:
                self.caretaker.runs(process.pid)
                return process.wait()
        finally:
            signal.signal(signal.SIGINT, before)


def _title(text: str) -> None:
    typer.echo(f"\n$ {text}\n")
    sys.stdout.flush()
