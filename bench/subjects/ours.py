"""The mission runner: a mission of built-in operations, written back and journalled."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar
from unittest.mock import patch

import yaml

from bench.shapes import Shape
from bench.subject import Measured
from bench.subjects.recorded import until_recorded
from flows.call import call_flow
from mission.journal import Journal
from mission.place import Place
from orchestrator.assembly.assembly import Assembly
from orchestrator.conduct import conduct
from orchestrator.operations.catalogue import OPERATIONS, Entry
from orchestrator.operations.evidence import OperationEnd
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run import RunRequest
from workspace.git import Git
from workspace.process import Stop

P = ParamSpec("P")
R = TypeVar("R")

_HEADER = """\
# Tasks

> **Mission:** bench
> **Status values:** `not-started` | `in-progress` | `done` | `blocked` | `failed` | `needs-qa`
> **Agent values:** `—` (auto)

## Milestone 1 — Bench (B)

| id | status | description | issue | agent | branch | depends_on | estimate | notes |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


_seconds: dict[str, float] = {}  # how long each row sleeps


def sleep(_context: Assembly, assignment: Assignment) -> OperationEnd:
    """The operation of rows that take their time."""
    time.sleep(_seconds[assignment.task.id])
    return OperationEnd(ok=True, word="")


def run(shape: Shape, slots: int) -> Measured:
    """Time from the first look at what is ready to the last row's status in the file."""
    _seconds.update({node.id: node.seconds for node in shape.nodes})
    OPERATIONS["sleep"] = Entry(place=f"{__name__}:sleep")
    plan = _make(shape, "sleep" if shape.work else "noop")
    spans: list[tuple[float, float]] = []
    request = RunRequest(path=str(plan), max_parallel=slots)
    with patch("orchestrator.run.conduct", _timed(conduct, spans)):
        end = call_flow(request, RecordingDisplay(), Stop())
    if end.counts != {"done": len(shape.nodes)} or end.missing:
        raise RuntimeError(f"the mission did not end well: {end}")
    ((begin, ended),) = spans
    with Journal.open(Place.find(str(plan)).journal_file) as journal:
        run_id = journal.runs()[-1].engine_run or ""
    return Measured(
        seconds=ended - begin, recorded_seconds=until_recorded(run_id, len(shape.nodes), begin)
    )


def _timed(work: Callable[P, R], spans: list[tuple[float, float]]) -> Callable[P, R]:
    def timed(*given: P.args, **named: P.kwargs) -> R:
        begin = time.perf_counter()
        result = work(*given, **named)
        spans.append((begin, time.perf_counter()))
        return result

    return timed


def _make(shape: Shape, operation: str) -> Path:
    """A repository in the current folder, with the graph as its mission."""
    top = Path.cwd() / "repository"
    top.mkdir()
    rows = [
        f"| {node.id} | not-started | Bench. | — | — | — | {', '.join(node.after) or '—'} "
        "| 1K |  |\n"
        for node in shape.nodes
    ]
    plan = top / "TASKS.md"
    plan.write_text(_HEADER + "".join(rows), encoding="utf-8")
    tasks = {node.id: {"run": operation} for node in shape.nodes}
    (top / "mission.yaml").write_text(yaml.safe_dump({"tasks": tasks}))
    git = Git(top)
    git.run("init", "--quiet", "--initial-branch=main")
    git.run("config", "user.name", "Bench")
    git.run("config", "user.email", "bench@example.invalid")
    git.run("add", "--all")
    git.run("commit", "--quiet", "-m", "Begin")
    return plan
