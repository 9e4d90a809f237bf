"""A server that carries missions out in forks of itself, with `faults.c` preloaded: a JSON line on
standard input for each, and one on standard output as it has ended."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path

import workspace.git_command as command_module
from cli.main import main as command_line
from errors import MissionError, told
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from tasks_md.parse import read
from workspace.git_environment import git_environment
from workspace.process import Stop

SHARED = ("FAULTS", "FAULTS_TOP", "FAULTS_LOG", "LD_PRELOAD")


def _git_with_faults(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    shared = {name: os.environ[name] for name in SHARED if name in os.environ}
    return git_environment(shared | dict(extra or {}))


def _run(task_file: Path) -> dict[str, object]:
    """One run, in words."""
    display = RecordingDisplay()
    found: dict[str, object] = {"said": display.said, "trace": ""}
    try:
        with ThreadEngine(2) as engine:
            request = RunRequest(path=str(task_file), max_parallel=1)
            end = run_mission(request, engine, display, Stop())
        found |= {"code": end.exit_code, "told": end.stopped}
    except (MissionError, OSError) as error:  # as `cli.main` does
        found |= {"code": told(error).exit_code, "told": str(told(error))}
    except BaseException:  # noqa: BLE001  what a person would see as a traceback
        found |= {"code": -1, "told": "", "trace": traceback.format_exc()}
    return found


def _carry_out(request: Mapping[str, str]) -> dict[str, object]:
    os.environ.update(json.loads(request["environment"]))
    task_file = Path(request["task_file"])
    found = _run(task_file)
    for name in SHARED[:1]:
        os.environ.pop(name, None)
    found["statuses"] = {task.id: task.status for task in read(task_file).tasks}
    if request["verify"]:
        try:
            with contextlib.redirect_stdout(sys.stderr):
                command_line(["verify", str(task_file)])
        except SystemExit as end:
            found["verify"] = end.code
    return found


def serve() -> None:
    command_module.git_environment = _git_with_faults  # type: ignore[attr-defined]
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                with Path(request["errors"]).open("ab") as file:
                    os.dup2(file.fileno(), 2)
                Path(request["result"]).write_text(json.dumps(_carry_out(request)))
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
