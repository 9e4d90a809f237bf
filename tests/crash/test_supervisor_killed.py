"""A supervisor that is killed with its runner leaves a process: no attempt shares with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.ports.display import RecordingDisplay
from tests.conftest import requires
from tests.scratch import Scratch, make, row
from workspace.alive import is_alive, started
from workspace.git import Git

pytestmark = [pytest.mark.crash, requires(system="linux")]

# The first attempt leaves a process that writes into its folder for ever, and then hangs.
WORKER = """
import os, pathlib, subprocess, sys, time
here = pathlib.Path({here!r})
stray = '''
import pathlib, time
while True:
    pathlib.Path("stray.txt").write_text("of attempt 1")
    time.sleep(0.01)
'''
if os.environ["MISSION_ATTEMPT"] == "1":
    environment = {{}} if {cleared} else dict(os.environ)
    command = [sys.executable, "-S", "-c", stray]
    left = subprocess.Popen(command, start_new_session=True, env=environment)
    (here / "left.new").write_text(str(left.pid))
    (here / "left.new").rename(here / "left")
    time.sleep(600)
pathlib.Path("work.txt").write_text("work")
"""


def killed(folder: Path, scratch: Scratch) -> tuple[int, float]:
    """A run that is killed with its supervisor; the process that is left."""
    command = [sys.executable, "-m", "tests.crash.runner", str(scratch.task_file)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as running:
        deadline = time.monotonic() + 120
        while not (folder / "left").exists():
            assert time.monotonic() < deadline
            assert running.poll() is None
            time.sleep(0.02)
        with scratch.journal() as journal:
            (attempt,) = journal.attempts()
        assert attempt.pid is not None
        os.kill(running.pid, signal.SIGSTOP)  # it may not see what becomes of its supervisor
        os.kill(attempt.pid, signal.SIGKILL)
        os.kill(running.pid, signal.SIGKILL)
    left = int((folder / "left").read_text())
    since = started(left)
    assert since is not None
    return left, since


@pytest.mark.parametrize("cleared", [False, True], ids=["marked", "environment-cleared"])
def test_the_next_attempt_shares_no_folder_with_what_a_killed_supervisor_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cleared: bool
) -> None:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    worker = WORKER.format(here=str(tmp_path), cleared=cleared)
    scratch = make(tmp_path, [row("A")], worker=worker)
    left = killed(tmp_path, scratch)
    display = RecordingDisplay()
    try:
        assert scratch.run(display=display).exit_code == 0
        # Whose it is nobody can tell without its mark: it lives, and has its folder to itself.
        assert is_alive(*left) is cleared
        assert any(f"process {left[0]} is at work" in line for line in display.said) is cleared
    finally:
        if is_alive(*left):
            os.kill(left[0], signal.SIGKILL)
    files = Git(scratch.remote).text("ls-tree", "-r", "--name-only", "main").split("\n")
    assert "work.txt" in files
    # The marked one was ended, and its folder is gone on with; the other's stays as it is.
    assert ("stray.txt" in files) is not cleared
