"""A run that is killed while a batch lands: the next one converges, each row merged once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mission.journal import Step
from tests.scratch import Scratch, make, row
from workspace.git import Git

pytestmark = pytest.mark.crash

NAMES = ("A", "B", "C", "D")
ROOT = Path(__file__).parents[2]

# Tells the verification which rows wait for their merge.
RUNNER = """
import pathlib, sys
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from workspace.process import Stop

class Marking(RecordingDisplay):
    def doing(self, task, phase, detail=""):
        if phase == "waits for its turn to merge":
            pathlib.Path(sys.argv[2], f"waits-{task}").touch()

with ThreadEngine(4) as engine:
    request = RunRequest(path=sys.argv[1], max_parallel=4)
    sys.exit(run_mission(request, engine, Marking(), Stop()).exit_code)
"""

# The first row comes to the merge queue alone: the others end once it is being verified, ...
WORKER = """
import os, pathlib, time
task = os.environ["MISSION_TASK"]
while task != "A" and not pathlib.Path({marks!r}, "verifying").exists():
    time.sleep(0.01)
pathlib.Path(f"{{task}}.txt").write_text(task)
"""

# ... and it merges once all of them wait, so that they land together.
VERIFY = """
import pathlib, sys, time
marks = pathlib.Path(sys.argv[1])
(marks / "verifying").touch()
while len(list(marks.glob("waits-*"))) < 4:
    time.sleep(0.01)
"""

# Kills the runner when several commits reach the base in one push, for the first time.
HOOK = """\
#!/bin/sh
while read old new ref; do
    if [ "$ref" = refs/heads/main ] && [ "$(git rev-list --count "$old..$new")" -gt 1 ]; then
        if [ -e {marks}/pid ]; then
            pid=$(cat {marks}/pid)
            rm {marks}/pid
            kill -9 "$pid"
        fi
    fi
done
"""


@pytest.mark.parametrize("hook", ["pre-receive", "post-receive"])
def test_killed_while_a_batch_is_pushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: str
) -> None:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    marks = tmp_path / "marks"
    marks.mkdir()
    step = [sys.executable, "-S", "-c", VERIFY, str(marks)]
    scratch = make(
        tmp_path,
        [row(name) for name in NAMES],
        worker=WORKER.format(marks=str(marks)),
        config={
            "merge": {"strategy": "batch"},
            "verify": [{"name": "whole", "run": step, "on": ["merged"]}],
        },
    )
    script = scratch.remote / "hooks" / hook
    script.write_text(HOOK.format(marks=marks))
    script.chmod(0o700)

    assert _run(scratch, marks) == -9

    with scratch.journal() as journal:
        steps = [one.step for one in journal.open_attempts()]
    assert steps.count(Step.MERGING) == 3
    # The push outlives its runner: that it landed is nowhere but in git.
    assert len(scratch.merged()) in {1, 4}

    assert _run(scratch, marks) == 0
    _check(scratch)


def _run(scratch: Scratch, marks: Path) -> int:
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(scratch.task_file), str(marks)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    ) as process:
        if not list(marks.glob("waits-*")):
            (marks / "pid").write_text(str(process.pid))
        return process.wait(timeout=300)


def _check(scratch: Scratch) -> None:
    assert set(scratch.statuses().values()) == {"done"}
    assert sorted(scratch.merged()) == sorted(NAMES)
    assert scratch.git.text("status", "--porcelain") == ""
    for git in (scratch.git, Git(scratch.remote)):
        assert not git.run("fsck", "--strict", "--no-dangling").stderr.strip()
    with scratch.journal() as journal:
        assert journal.open_attempts() == []
        assert len(journal.attempts()) == len(NAMES)
    assert scratch.git.text("worktree", "list", "--porcelain").count("worktree ") == 1
