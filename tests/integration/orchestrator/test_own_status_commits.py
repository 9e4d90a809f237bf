"""A run that dies between the push of a status commit and what the checkout makes of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.asking import ask
from mission.journal import RequestKind
from tests.scratch import Scratch, make, row
from workspace.git import Git

pytestmark = pytest.mark.timeout(240)
ROOT = Path(__file__).parents[3]

# Dies right after a push of status: the last one of a run, or one that the file has gone on from.
DIES = """
import os, pathlib, sys
from workspace import branches
land = branches.move_base
def deadly(repository, commit, expected):
    land(repository, commit, expected)
    text = repository.git.run("show", commit + ":plan/TASKS.md").stdout
    if "Mission-Status" in repository.git.text("log", "-1", "--format=%B", commit):
        while sys.argv[2] == "behind" and open(sys.argv[1]).read() == text:
            pass
        os.kill(os.getpid(), 9)
branches.move_base = deadly
from tests.crash.forked import carry_out
carry_out(pathlib.Path(sys.argv[1]))
"""
# Fails until the file `works` is there.
FAILS = """
import os, pathlib, sys
marks = pathlib.Path({marks!r})
with open(marks / "ledger", "a") as ledger:
    ledger.write(os.environ["MISSION_TASK"] + "\\n")
if not (marks / "works").exists():
    sys.exit("no")
pathlib.Path(os.environ["MISSION_TASK"] + ".txt").write_text("work")
"""


def begin(folder: Path, *rows: str, commit: str) -> Scratch:
    agent = {
        "max_attempts": 1,
        "type": "command",
        "run": [sys.executable, "-S", str(folder / "worker.py")],
    }
    config = {"status": {"commit": commit}, "agents": {"worker": agent}}
    return make(folder, rows, worker=FAILS.format(marks=str(folder)), config=config)


def run_and_die(scratch: Scratch, when: str) -> None:
    command = [sys.executable, "-c", DIES, str(scratch.task_file), when]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def published(scratch: Scratch) -> str:
    return Git(scratch.remote).run("show", "main:plan/TASKS.md").stdout


def test_a_file_that_has_gone_on_is_no_edit_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "works").touch()
    rows = (row("A", branch="—"), row("B", after="A"))  # A ends while the base is held
    scratch = begin(tmp_path, *rows, commit="each")
    run_and_die(scratch, "behind")
    assert published(scratch) != scratch.task_file.read_text()
    assert scratch.run().exit_code == 0
    assert scratch.statuses() == {"A": "done", "B": "done"}
    assert published(scratch) == scratch.task_file.read_text()
    assert scratch.git.text("status", "--porcelain") == ""


def test_a_retry_before_the_next_run_is_not_taken_back(tmp_path: Path) -> None:
    """It leaves the file as the checkout's commit has it, byte for byte."""
    scratch = begin(tmp_path, row("A"), commit="end")
    before = scratch.task_file.read_text()
    run_and_die(scratch, "at the end")
    assert "| A | failed |" in published(scratch)
    assert ask(str(scratch.task_file), RequestKind.RETRY, "A").status == "not-started"
    assert scratch.task_file.read_text() == before
    (tmp_path / "works").touch()
    assert scratch.run().exit_code == 0
    assert (tmp_path / "ledger").read_text().split() == ["A", "A"]
    assert scratch.merged() == ["A"]


def test_a_file_that_was_put_back_becomes_what_was_published(tmp_path: Path) -> None:
    scratch = begin(tmp_path, row("A"), commit="end")
    run_and_die(scratch, "at the end")
    scratch.git.run("checkout", "--quiet", ".")
    (tmp_path / "works").touch()
    assert scratch.run().failed == ("A",)
    assert (tmp_path / "ledger").read_text().split() == ["A"]
