"""Promise 2: killed with SIGKILL at any instant, the next run converges.

`MISSION_KILLS` asks for more kills than the 50 of a normal test run.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mission.journal import Stage
from tests.scratch import Scratch, make, row
from workspace.git import Git

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(1500)]

KILLS = int(os.environ.get("MISSION_KILLS", "50"))
PER_MISSION = 10  # then the mission is left to finish
LONGEST = 1.6  # seconds until a kill; an undisturbed run takes about two
ROWS = (
    row("A"),
    row("B", after="A"),
    row("C", after="A"),
    row("R", after="B", branch="—"),
    row("D", after="B, C"),
    row("Z", after="D, R", agent="—", branch="(aggregate)"),
)
BRANCHES = ("feat/a", "feat/b", "feat/c", "feat/d")
COMMAND = (sys.executable, "-m", "tests.crash.runner")


def test_killed_runs_converge_to_an_undisturbed_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = int(os.environ.get("MISSION_SEED", random.SystemRandom().randrange(1_000_000)))
    dice = random.Random(seed)  # noqa: S311 - not for secrets: the seed makes a failure repeatable
    undisturbed = _scratch(tmp_path / "undisturbed", monkeypatch)
    assert _finish(undisturbed) == 0
    expected = _facts(undisturbed)
    kills = 0
    while kills < KILLS:
        scratch = _scratch(tmp_path / f"after-{kills}", monkeypatch)
        for _ in range(min(PER_MISSION, KILLS - kills)):
            kills += _run_and_kill(scratch, dice.uniform(0.0, LONGEST))
        code = _finish(scratch)
        told = f"seed {seed}, after {kills} kills"
        assert code == 0, f"{told}: {scratch.statuses()}"
        assert _facts(scratch) == expected, told
        _check_nothing_is_left(scratch, told)


def _scratch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    folder.mkdir()
    monkeypatch.setenv("MISSION_HOME", str(folder / "home"))
    return make(folder, ROWS)


def _start(scratch: Scratch) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, str(scratch.task_file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )


def _run_and_kill(scratch: Scratch, seconds: float) -> int:
    """1 if the run was killed, 0 if it had ended before."""
    with _start(scratch) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return 1
        assert process.returncode == 0, (process.stderr or sys.stderr).read()
    return 0


def _finish(scratch: Scratch) -> int:
    with _start(scratch) as process:
        _, errors = process.communicate(timeout=120)
        if process.returncode:
            sys.stderr.write(errors.decode())
        return process.returncode


def _facts(scratch: Scratch) -> dict[str, object]:
    """What a person sees of the end: the same however often the run was killed."""
    return {
        "statuses": scratch.statuses(),
        "merged": sorted(scratch.merged()),
        "files": scratch.git.text("ls-tree", "-r", "--name-only", "origin/main"),
        "branches": [Git(scratch.remote).commit(name) is not None for name in BRANCHES],
        "checkout": scratch.git.text("status", "--porcelain"),
        "published": Git(scratch.remote).text("show", "main:plan/TASKS.md").count("| done |"),
    }


def _check_nothing_is_left(scratch: Scratch, told: str) -> None:
    for git in (scratch.git, Git(scratch.remote)):
        checked = git.run("fsck", "--strict", "--no-dangling")
        assert not checked.stderr.strip(), f"{told}: {checked.stderr}"
    with scratch.journal() as journal:
        assert journal.open_attempts() == [], told
        finished: dict[str, int] = {}
        for attempt in journal.attempts():
            if attempt.head is not None:
                assert attempt.stage is Stage.ENDED, told
                finished[attempt.task] = finished.get(attempt.task, 0) + 1
        assert set(finished.values()) == {1}, f"{told}: an agent ran again after it had finished"
    worktrees = scratch.git.text("worktree", "list", "--porcelain").count("worktree ")
    assert worktrees == 1, f"{told}: {worktrees} worktrees"
    assert _survivors(scratch) == [], told


def _survivors(scratch: Scratch) -> Sequence[str]:
    """Processes that still work somewhere below the mission."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                where = str((entry / "cwd").readlink())
            except OSError:
                continue
            if where.startswith(str(scratch.top.parent)):
                found.append(entry.name)
    return found
