"""A merge whose push was on its way when the run was killed, and arrives as the next one merges."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scratch import make, row

pytestmark = pytest.mark.timeout(240)
ROOT = Path(__file__).parents[3]

# Dies with its push on the way: which commit that is of is left in a file.
DIES = """
import os, pathlib, sys
from workspace import branches
def deadly(repository, commit, expected):
    pathlib.Path(sys.argv[2]).write_text(commit)
    os.kill(os.getpid(), 9)
branches.move_base = deadly
from tests.crash.forked import carry_out
carry_out(pathlib.Path(sys.argv[1]))
"""
# A gate: as the merge is asked for again, the first push arrives.
ARRIVES = """
import pathlib, subprocess, sys
asked, top, on_the_way = sys.argv[1:]
file = pathlib.Path(on_the_way)
if asked == "merge" and file.exists():
    commit = file.read_text()
    file.unlink()
    subprocess.run(["git", "-C", top, "push", "-q", "origin", commit + ":main"], check=True)
"""


def test_it_is_known_as_the_run_s_own(tmp_path: Path) -> None:
    on_the_way = tmp_path / "on-the-way"
    told = [str(tmp_path / "checkout"), str(on_the_way)]
    gate = {"type": "script", "run": [sys.executable, "-S", "-c", ARRIVES, "{purpose}", *told]}
    scratch = make(tmp_path, [row("A"), row("B", after="A")], config={"gates": [gate]})
    command = [sys.executable, "-c", DIES, str(scratch.task_file), str(on_the_way)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    commit = on_the_way.read_text()
    assert scratch.run().exit_code == 0
    assert not on_the_way.exists()
    assert scratch.merged() == ["A", "B"]
    assert scratch.notes("A").startswith(f"[mission: merged as {commit[:10]}, attempt 1 by worker")
