"""Runs a mission in a process of its own, to be killed: `python -m tests.crash.runner PATH`."""

from __future__ import annotations

import sys

from orchestrator.display import RecordingDisplay
from orchestrator.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from workspace.process import Stop


def main() -> int:
    """The run's exit code."""
    with ThreadEngine(3) as engine:
        request = RunRequest(path=sys.argv[1], max_parallel=3)
        return run_mission(request, engine, RecordingDisplay(), Stop()).exit_code


if __name__ == "__main__":
    raise SystemExit(main())
