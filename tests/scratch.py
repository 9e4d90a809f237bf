"""A mission in a scratch repository with a bare remote, and agents that are small scripts."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from mission.journal import Attempt, Journal
from mission.journal.database import Value
from mission.place import Place
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from orchestrator.run_end import RunEnd
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
# How scripts of agents that try something begin, and of steps that look for it.
START = """
import json, os, pathlib, subprocess
task = os.environ.get("MISSION_TASK", "")
def git(*args):
    return subprocess.run(["git", *args], check=True, capture_output=True, text=True).stdout.strip()
def write(path, text):
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(path).write_text(text)
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
    remote: Path  # where it is pushed to; the checkout itself, where it has none

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

    def rewrite(self, task: str, **columns: Value) -> Attempt:
        """Let the journal say of the task's last attempt what it said before a run was killed,
        whatever may follow what."""
        with self.journal() as journal:
            last = journal.last_attempt(task)
            assert last is not None
            named = ", ".join(f'"{name}" = :{name}' for name in columns)
            journal._database.rows(f"UPDATE attempts SET {named} WHERE id = {last.id}", **columns)  # noqa: S608  the tests' own names
            return journal.attempt(last.id)

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
    shared: bool = True,
) -> Scratch:
    """A repository with a remote, the mission in `plan/`, and a scripted agent called `worker`.

    Made by as few git commands as can be: nearly every test begins with one.

    Args:
        folder: Where all of it lies.
        rows: Of the mission.
        worker: The agent's program.
        config: Beside the agents.
        shared: Whether there is a remote. What a run says to one takes half of all processes that
            it starts: tests that are about something else go without.
    """
    remote, top = folder / "remote.git", folder / "checkout"
    script = folder / "worker.py"
    script.write_text(worker)
    empty = _empty_repository()
    shutil.copytree(empty, top / ".git")
    with (top / ".git" / "config").open("a") as file:
        file.write(_PERSON + (_CHECKOUT.format(remote=remote) if shared else ""))
    plan = top / "plan"
    plan.mkdir()
    (plan / "TASKS.md").write_text(HEADER + "".join(rows), encoding="utf-8")
    # Without what a virtual environment brings, which takes longer than all that they do.
    agent = {"type": "command", "run": [sys.executable, "-S", str(script)]}
    settings: dict[str, object] = {"agents": {"worker": agent, "other": agent}}
    (plan / "mission.yaml").write_text(yaml.safe_dump(settings | (config or {})))
    (top / "README.md").write_text("scratch\n")
    git = Git(top)
    git.run("add", "--all")
    git.run("commit", "--quiet", "-m", "Begin")
    if not shared:
        return Scratch(top=top, remote=top)
    # What a push leaves on both sides.
    (base := top / ".git" / "refs" / "remotes" / "origin" / "main").parent.mkdir(parents=True)
    shutil.copyfile(top / ".git" / "refs" / "heads" / "main", base)
    shutil.copytree(empty, remote)
    (remote / "config").write_text(_REMOTE)
    shutil.copytree(top / ".git" / "objects", remote / "objects", dirs_exist_ok=True)
    shutil.copyfile(base, remote / "refs" / "heads" / "main")
    return Scratch(top=top, remote=remote)


_PERSON = """\
[user]
\tname = Orchestrator
\temail = orchestrator@example.invalid
"""
_CHECKOUT = """\
[remote "origin"]
\turl = "{remote}"
\tfetch = +refs/heads/*:refs/remotes/origin/*
[branch "main"]
\tremote = origin
\tmerge = refs/heads/main
"""


# Nobody tidies up after each push: that is one more process each time.
_REMOTE = """\
[core]
\trepositoryformatversion = 0
\tbare = true
[receive]
\tautogc = false
"""


@cache
def _empty_repository() -> Path:
    """The git directory of a repository without a commit, to be copied; it lives as long as we."""
    folder = tempfile.TemporaryDirectory(prefix="mission-tests-template-")
    atexit.register(folder.cleanup)
    top = Path(folder.name)
    Git(top).run("init", "--quiet", "--initial-branch=main", "--template=", str(top))
    (top / ".git" / "hooks").mkdir()
    (top / ".git" / "info").mkdir()
    return top / ".git"
