"""Promise 2: killed with SIGKILL at any instant, the next run converges.

`MISSION_KILLS` asks for more kills than the 50 of a normal test run; batches get a fifth as many.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mission.journal import Stage
from tests.crash.converging import KILLS, finish, roll, run_and_kill
from tests.scratch import Scratch, make, row
from workspace.git import Git

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(1500)]

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
SIDE_BY_SIDE = (row("A"), row("B"), row("C"), row("D"), row("E", after="A, B"))
# Long enough for the rows to come together.
SLOW = {"name": "slow", "run": [sys.executable, "-c", "import time; time.sleep(0.2)"]}
BATCHES: dict[str, object] = {"merge": {"strategy": "batch"}, "verify": [SLOW | {"on": ["merged"]}]}


@pytest.mark.parametrize(
    ("rows", "config", "kills"),
    [
        pytest.param(ROWS, {}, KILLS, id="serial"),
        pytest.param(SIDE_BY_SIDE, BATCHES, KILLS // 5, id="batch"),
    ],
)
def test_killed_runs_converge_to_an_undisturbed_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: Sequence[str],
    config: dict[str, object],
    kills: int,
) -> None:
    def begin(folder: Path) -> Scratch:
        folder.mkdir()
        monkeypatch.setenv("MISSION_HOME", str(folder / "home"))
        return make(folder, rows, config=config)

    seed, dice = roll()
    undisturbed = begin(tmp_path / "undisturbed")
    assert finish(undisturbed) == 0
    expected = _facts(undisturbed)
    killed = 0
    while killed < kills:
        scratch = begin(tmp_path / f"after-{killed}")
        for _ in range(min(PER_MISSION, kills - killed)):
            killed += run_and_kill(scratch, dice.uniform(0.0, LONGEST))
        code = finish(scratch)
        told = f"seed {seed}, after {killed} kills"
        assert code == 0, f"{told}: {scratch.statuses()}"
        assert _facts(scratch) == expected, told
        _check_nothing_is_left(scratch, told)


def _facts(scratch: Scratch) -> dict[str, object]:
    """What a person sees of the end: the same however often the run was killed."""
    return {
        "statuses": scratch.statuses(),
        "merged": sorted(scratch.merged()),
        "files": scratch.git.text("ls-tree", "-r", "--name-only", "origin/main"),
        "branches": Git(scratch.remote).text("for-each-ref", "--format=%(refname)"),
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
