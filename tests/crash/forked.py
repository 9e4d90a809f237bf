"""Runs in processes of their own that start at once: forks of one that has imported everything.

So a kill costs the work that it interrupts, and not a second of imports before it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from workspace.process import Stop

# The first process that is started decides what all of them find imported.
CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__, "tiers.migration.run"])


def carry_out(task_file: Path) -> int:
    """Run a mission in this process; the exit code."""
    with ThreadEngine(3) as engine:
        request = RunRequest(path=str(task_file), max_parallel=3)
        return run_mission(request, engine, RecordingDisplay(), Stop()).exit_code


def start(task_file: Path, errors: Path) -> ForkServerProcess:
    """A run, to be killed or not, in our environment. Its standard error goes to `errors`."""
    process = CONTEXT.Process(target=_run, args=(task_file, errors, dict(os.environ)))
    process.start()
    return process


def settle(errors: Path, environment: Mapping[str, str]) -> None:
    """Make a fork what a process that was started would be: it has the environment of the first."""
    os.environ.clear()
    os.environ.update(environment)
    with errors.open("ab") as file:
        os.dup2(file.fileno(), 2)


def _run(task_file: Path, errors: Path, environment: Mapping[str, str]) -> None:
    settle(errors, environment)
    raise SystemExit(carry_out(task_file))
