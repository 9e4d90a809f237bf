"""Without a remote a person's own changes keep the checkout behind too, and nothing else.

Whatever they do to it then, no merge is lost, none is made twice, and the checkout follows.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from errors import CheckoutBlockedError
from orchestrator.run import RunRequest, check_request
from tests.scratch import Scratch, make, row

pytestmark = pytest.mark.timeout(240)
FURTHER = "refs/mission-runner/base/main"
MINE = "a person's edit\n"
ELSEWHERE = "git checkout -q README.md && echo my >my.txt && git add my.txt && git commit -qam mine"

# A changes what the person has changed. With `acts`, B's agent is who works in the checkout.
WORKER = """
import os, pathlib, subprocess
task, folder = os.environ["MISSION_TASK"], pathlib.Path({folder!r})
with open(folder / "ledger", "a") as ledger:
    ledger.write(task + "\\n")
acts = folder / "acts"
if task == "B" and acts.exists():
    subprocess.run(acts.read_text(), shell=True, check=True, cwd=folder / "checkout")
pathlib.Path("README.md" if task == "A" else task + ".txt").write_text(task)
"""
ROWS = (row("A"), row("B", after="A"), row("R", after="B", branch="—"))


def begun(folder: Path, *, commit: str = "end") -> Scratch:
    """Not run yet; the README is edited, and not committed."""
    agent = {
        "max_attempts": 1,
        "type": "command",
        "run": [sys.executable, "-S", str(folder / "worker.py")],
    }
    config = {"status": {"commit": commit}, "agents": {"worker": agent}}
    scratch = make(folder, ROWS, worker=WORKER.format(folder=str(folder)), config=config)
    scratch.git.run("remote", "remove", "origin")
    (scratch.top / "README.md").write_text(MINE)
    return scratch


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scratch, Path]:
    """A mission whose checkout stayed behind, and a copy of it."""
    folder = tmp_path_factory.mktemp("behind")
    (folder / "work").mkdir()
    scratch = begun(folder / "work")
    end = scratch.run()
    assert end.exit_code == 0
    assert "stays behind mission-runner/base/main" in end.behind
    assert "README.md" in end.behind
    assert set(scratch.statuses().values()) == {"done"}
    assert (scratch.top / "README.md").read_text() == MINE
    assert merged(scratch, FURTHER) == ["A", "B"]
    assert merged(scratch, "main") == []
    assert scratch.git.text("diff", "--name-only", "HEAD").split() == ["README.md", "plan/TASKS.md"]
    shutil.copytree(folder / "work", folder / "copy", symlinks=True)
    return scratch, folder / "copy"


@pytest.fixture
def behind(kept: tuple[Scratch, Path]) -> Scratch:
    scratch, copy = kept
    shutil.rmtree(scratch.top.parent)
    shutil.copytree(copy, scratch.top.parent, symlinks=True)
    return scratch


def merged(scratch: Scratch, ref: str) -> list[str]:
    """The `Task:` trailers there, oldest first."""
    shown = ("log", "--reverse", "--format=%(trailers:key=Task,valueonly)")
    return scratch.git.text(*shown, ref, "--").split()


def followed(scratch: Scratch) -> None:
    """The next run takes the checkout along, and does nothing again."""
    end = scratch.run()
    assert (end.exit_code, end.behind) == (0, "")
    assert merged(scratch, "main") == ["A", "B"]
    assert scratch.git.commit(FURTHER) is None
    assert set(scratch.statuses().values()) == {"done"}
    assert (scratch.top.parent / "ledger").read_text().split() == ["A", "B", "R"]
    if scratch.git.text("branch", "--show-current") == "main":
        assert (scratch.top / "B.txt").read_text() == "B"
    assert "| R | done |" in scratch.git.text("show", "main:plan/TASKS.md")


def typed(scratch: Scratch, command: str, code: int = 0) -> None:
    done = subprocess.run(
        ["sh", "-c", command], cwd=scratch.top, check=False, capture_output=True, text=True
    )
    assert done.returncode == code, done.stdout + done.stderr


def stash(scratch: Scratch) -> None:
    typed(scratch, "git stash --quiet")


def reset(scratch: Scratch) -> None:
    typed(scratch, "git reset --quiet --hard")


def leave(scratch: Scratch) -> None:
    """Another branch, and the edit goes along."""
    typed(scratch, "git switch --quiet --create mine")


def leave_and_come_back(scratch: Scratch) -> None:
    typed(scratch, "git switch --quiet --create mine && git commit --quiet -am mine")
    typed(scratch, "git switch --quiet main")


def do_the_same(scratch: Scratch) -> None:
    (scratch.top / "README.md").write_text("A")


def merge(scratch: Scratch) -> None:
    typed(scratch, "git stash -qu && git merge --quiet mission-runner/base/main")


def commit_elsewhere(scratch: Scratch) -> None:
    """What the person commits conflicts with nothing; the task file is committed as it is."""
    typed(scratch, ELSEWHERE)


ACTS = (stash, reset, leave, leave_and_come_back, do_the_same, merge, commit_elsewhere)


@pytest.mark.parametrize("act", ACTS)
def test_whatever_a_person_does_no_merge_is_lost(
    behind: Scratch, act: Callable[[Scratch], None]
) -> None:
    act(behind)
    followed(behind)
    if act is commit_elsewhere:
        assert behind.git.text("log", "--format=%s", "main").split("\n").count("mine") == 1
        assert (behind.top / "my.txt").exists()
    if act is stash:
        assert behind.git.text("show", "stash@{0}:README.md") == MINE.strip()
    if act is not leave:
        assert behind.git.text("status", "--porcelain") == ""


@pytest.mark.parametrize("options", ["", "--amend"], ids=["new", "first-commit-anew"])
def test_a_commit_that_conflicts_is_merged_by_what_is_printed(
    behind: Scratch, options: str
) -> None:
    typed(behind, f"git commit --quiet {options} -am mine")
    mine = behind.git.text("rev-parse", "HEAD")
    end = behind.run()
    assert "main in " in end.behind
    assert "conflict with it in README.md" in end.behind
    assert behind.git.text("rev-parse", "HEAD") == mine
    command = end.behind.partition("`")[2].partition("`")[0]
    typed(behind, command, code=1)
    (behind.top / "README.md").write_text("both\n")
    typed(behind, "git add README.md && git commit --quiet --no-edit")
    followed(behind)
    assert (behind.top / "README.md").read_text() == "both\n"
    assert behind.git.text("status", "--porcelain") == ""


def test_a_file_that_git_does_not_know_is_kept(tmp_path: Path) -> None:
    scratch = begun(tmp_path)
    (scratch.top / "README.md").write_text("scratch\n")
    (scratch.top / "B.txt").write_text(MINE)
    end = scratch.run()
    assert end.exit_code == 0
    assert "stand in the way: B.txt. " in end.behind
    assert (scratch.top / "B.txt").read_text() == MINE
    (scratch.top / "B.txt").rename(tmp_path / "B.txt")
    followed(scratch)


@pytest.mark.parametrize("commit", ["each", "end", "never"])
@pytest.mark.parametrize(
    "act",
    [
        "git commit --quiet -am mine",
        "git stash --quiet && git stash pop --quiet",
        ELSEWHERE,
        "git switch --quiet --create mine",
    ],
    ids=["commit", "stash-pop", "commit-elsewhere", "switch"],
)
def test_in_the_middle_of_a_run(tmp_path: Path, commit: str, act: str) -> None:
    scratch = begun(tmp_path, commit=commit)
    (tmp_path / "acts").write_text(act)
    end = scratch.run()
    assert end.exit_code == 0
    assert (tmp_path / "ledger").read_text().split() == ["A", "B", "R"]
    further = FURTHER if scratch.git.commit(FURTHER) else "main"
    assert merged(scratch, further) == ["A", "B"]
    end = scratch.run()
    assert end.exit_code == 0
    assert (tmp_path / "ledger").read_text().split() == ["A", "B", "R"]
    if scratch.git.text("branch", "--show-current") == "main":
        assert set(scratch.statuses().values()) == {"done"}


def test_a_remote_that_comes_later_gets_what_was_merged_before(behind: Scratch) -> None:
    typed(behind, "git remote add origin ../remote.git && git fetch --quiet origin")
    with pytest.raises(CheckoutBlockedError, match="of the time before origin") as refused:
        check_request(RunRequest(path=str(behind.task_file)), print)
    typed(behind, "git stash -qu")
    typed(behind, refused.value.hint.split("`")[1])
    followed(behind)
