"""A mission whose machine's clock is set while a row waits for a provider that is overloaded; as a
process, with `set_clock.c` preloaded: SECONDS FOLDER. Prints JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import policy.retry as retry_module
import workspace.git_command as command_module
from orchestrator.ports.display import RecordingDisplay
from tests.scratch import make, row
from workspace.git_environment import git_environment

ROWS = (row("A"), row("B", after="A"))
# The first one at A sets the clock; the provider is overloaded for three tries.
WORKER = """
import json, os, pathlib, struct
task, top = os.environ["MISSION_TASK"], pathlib.Path({top!r})
tries = top / "tries"
met = len(tries.read_text()) if tries.exists() else 0
tries.write_text("x" * (met + 1))
if met == 0:
    with open(top / "ahead", "r+b") as file:
        file.write(struct.pack("l", {seconds}))
if met < 3:
    print(json.dumps({{"outcome": "overloaded", "summary": "529 Overloaded"}}))
else:
    pathlib.Path(f"{{task}}.txt").write_text(task)
"""


def _git_with_clock(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    shared = {name: os.environ[name] for name in ("LD_PRELOAD", "CLOCK_AHEAD")}
    return git_environment(shared | dict(extra or {}))


def main(seconds: int, top: Path) -> None:
    command_module.git_environment = _git_with_clock  # type: ignore[attr-defined]
    retry_module.FIRST_DELAY = timedelta(milliseconds=200)
    scratch = make(top, ROWS, worker=WORKER.format(top=str(top), seconds=seconds))
    display = RecordingDisplay()
    before = time.time()
    end = scratch.run(display=display)
    facts = {
        "set": round((time.time() - before) / 1800) * 1800 == seconds,
        "code": end.exit_code,
        "statuses": scratch.statuses(),
        "merged": scratch.merged(),
        "said": display.said,
    }
    with scratch.journal() as journal:
        facts["in order"] = all(
            one.ended is not None and one.ended >= one.started for one in journal.attempts()
        )
    sys.stdout.write(json.dumps(facts))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
