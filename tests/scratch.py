"""A mission in a scratch repository with a bare remote, and agents that are small scripts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from mission.journal import Journal
from mission.place import Place
from orchestrator.display import RecordingDisplay
from orchestrator.engine import ThreadEngine
from orchestrator.run import RunEnd, RunRequest, run_mission
from tasks_md.parse import read
from workspace.git import Git
from workspace.process import Stop

HEADER = """\
# Tasks

> **Mission:** scratch
> **Status values:** `not-started` | `in-progress` | `done` | `blocked` | `failed` | `needs-qa`
> **Agent values:** `worker` | `other` | `codex` | `glm-5.1` | `haiku` | `sonnet` | `—` (auto)

## Milestone 1 — First (M1)

Goal: a scratch mission.

| id | status | description | issue | agent | branch | depends_on | estimate | notes |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""

# Writes a file named after the task, and commits it or leaves it.
WORKER = """
import os, pathlib, sys
task = os.environ["MISSION_TASK"]
pathlib.Path(f"{task}.txt").write_text(f"work of {task}\\n")
"""


def row(
    task: str,
    *,
    after: str = "—",
    status: str = "not-started",
    agent: str = "worker",
    branch: str | None = None,
    notes: str = "",
    issue: str = "—",
) -> str:
    """A row of the scratch mission."""
    name = f"feat/{task.lower()}" if branch is None else branch
    cells = (task, status, f"Do {task}.", issue, agent, name, after, "1K", notes)
    return f"| {' | '.join(cells)} |\n"


@dataclass(frozen=True, kw_only=True)
class Scratch:
    """Where the mission is."""

    top: Path
    remote: Path

    @property
    def task_file(self) -> Path:
        return self.top / "plan" / "TASKS.md"

    @property
    def git(self) -> Git:
        return Git(self.top)

    def statuses(self) -> dict[str, str]:
        return {task.id: task.status for task in read(self.task_file).tasks}

    def notes(self, task: str) -> str:
        return read(self.task_file).task(task).notes

    def edit(self, old: str, new: str) -> None:
        """Save the task file in one instant: nobody reads half of it."""
        fresh = self.top.with_name("edited.md")
        fresh.write_text(self.task_file.read_text().replace(old, new))
        fresh.replace(self.task_file)

    def journal(self) -> Journal:
        return Journal.open(Place.find(str(self.task_file)).journal_file)

    def merged(self) -> list[str]:
        """The `Task:` trailers on the remote's base, oldest first."""
        log = Git(self.remote).text("log", "--reverse", "--format=%(trailers:key=Task,valueonly)")
        return [line for line in log.split("\n") if line]

    def run(
        self, *, slots: int = 4, stop: Stop | None = None, display: RecordingDisplay | None = None
    ) -> RunEnd:
        with ThreadEngine(slots) as engine:
            return run_mission(
                RunRequest(path=str(self.task_file), max_parallel=slots),
                engine,
                display or RecordingDisplay(),
                stop or Stop(),
            )


def make(
    folder: Path,
    rows: Sequence[str],
    *,
    worker: str = WORKER,
    config: dict[str, object] | None = None,
) -> Scratch:
    """A repository with a remote, the mission in `plan/`, and a scripted agent called `worker`."""
    remote, top = folder / "remote.git", folder / "checkout"
    script = folder / "worker.py"
    script.write_text(worker)
    Git(folder).run("init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    Git(folder).run("clone", "--quiet", str(remote), str(top))
    git = Git(top)
    git.run("checkout", "--quiet", "-B", "main")
    git.run("config", "user.name", "Orchestrator")
    git.run("config", "user.email", "orchestrator@example.invalid")
    plan = top / "plan"
    plan.mkdir()
    (plan / "TASKS.md").write_text(HEADER + "".join(rows), encoding="utf-8")
    agent = {"type": "command", "run": [sys.executable, str(script)]}
    settings: dict[str, object] = {"agents": {"worker": agent, "other": agent}}
    (plan / "mission.yaml").write_text(yaml.safe_dump(settings | (config or {})))
    (top / "README.md").write_text("scratch\n")
    git.run("add", "--all")
    git.run("commit", "--quiet", "-m", "Begin")
    git.run("push", "--quiet", "--set-upstream", "origin", "main")
    return Scratch(top=top, remote=remote)
