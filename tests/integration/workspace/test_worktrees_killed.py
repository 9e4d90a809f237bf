"""Processes that make worktrees and land commits: killed, and several at once."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import git as gitpython
import pytest

from tests.integration.workspace.conftest import git
from tests.integration.workspace.merges import find_merge
from workspace.changes import commit_leftovers, head
from workspace.checkout import fast_forward

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch, Scratch

PROJECT = Path(__file__).parents[3]
# Carries one task from its worktree to the base, as the orchestrator does, and can be run again.
CARRY = """
import sys
from pathlib import Path
from tests.integration.workspace.merges import find_merge
from errors import BaseMovedError
from workspace.changes import commit_leftovers, head
from workspace.checkout import fast_forward
from workspace.branches import confirm, move_base
from workspace.repository import Repository
from workspace.squash import make_squash, message_for
from workspace.worktrees import Worktrees

top, root, task = sys.argv[1:]
print("begins", flush=True)
repository = Repository.open(Path(top))
base = repository.fetch_base()
landed = find_merge(repository.git, base, task, 1)
while landed is None:
    worktree = Worktrees(repository, Path(root)).ensure(
        task, 1, branch=f"feat/{task}", base_commit=base
    )
    (worktree.path / f"{task}.txt").write_text(task)
    commit_leftovers(worktree, message="left", author="a")
    message = message_for(task, "d", 1)
    squash = make_squash(
        repository.git, base=base, head=head(worktree), message=message, author="a"
    )
    try:
        move_base(repository, squash, base)
        landed = squash
    except BaseMovedError:
        base = repository.fetch_base()
        landed = find_merge(repository.git, base, task, 1)
assert confirm(repository, landed)
fast_forward(repository, repository.base_tip())
"""


def carry(scratch: Scratch, task: str) -> subprocess.Popen[str]:
    arguments = [str(scratch.top), str(scratch.folder / "worktrees"), task]
    return subprocess.Popen(
        [sys.executable, "-c", CARRY, *arguments], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )


def finish(scratch: Scratch, task: str) -> None:
    with carry(scratch, task) as process:
        assert process.wait(300) == 0


def history(scratch: Scratch) -> list[gitpython.Commit]:
    """The base's commits, the newest first, as another implementation reads them."""
    with gitpython.Repo(scratch.top) as repository:
        return list(repository.iter_commits("main"))


@pytest.mark.crash
def test_whenever_it_is_killed_it_lands_once(scratch: Scratch) -> None:
    chance = random.Random(7)  # noqa: S311 - which instants are tried, repeatably
    tasks = [f"T-{number}" for number in range(4)]
    for task in tasks:
        for _ in range(2):
            with carry(scratch, task) as process:
                assert process.stdout is not None
                process.stdout.readline()
                try:
                    process.wait(chance.uniform(0, 0.35))
                except subprocess.TimeoutExpired:
                    process.kill()
        finish(scratch, task)
    commits = history(scratch)
    assert [commit.trailers_dict.get("Task") for commit in commits] == [
        *([task] for task in reversed(tasks)),
        None,
    ]
    assert scratch.git("status", "--porcelain") == ""
    assert {path.name for path in scratch.top.glob("T-*")} == {f"{task}.txt" for task in tasks}
    scratch.git("fsck", "--strict")
    assert not list(scratch.top.glob(".git/**/*.lock.*"))


def test_several_processes_at_once(scratch: Scratch) -> None:
    tasks = [f"T-{number}" for number in range(4)]
    running = [carry(scratch, task) for task in tasks]
    for process in running:
        with process:
            assert process.wait(300) == 0
    commits = history(scratch)
    assert sorted(str(commit.message).split(":")[0] for commit in commits[:-1]) == tasks
    assert all(len(commit.parents) == 1 for commit in commits[:-1])
    fast_forward(scratch.repository, commits[0].hexsha)
    assert scratch.git("status", "--porcelain") == ""


def test_an_attempt_that_is_cut_off_keeps_its_work(make_scratch: MakeScratch) -> None:
    scratch = make_scratch()
    base = scratch.repository.fetch_base()
    first = scratch.worktrees.ensure("T-1", 1, branch="feat/t", base_commit=base)
    done = scratch.commit({"done.txt": "d"}, folder=first.path)
    (first.path / "draft.txt").write_text("draft")
    git(first.path, "switch", "--quiet", "--detach")
    again = scratch.worktrees.ensure("T-1", 1, branch="feat/t", base_commit=base)
    assert again.reused
    commit_leftovers(again, message="m", author="a")
    git(again.path, "merge-base", "--is-ancestor", done, "feat/t")
    assert head(again) == scratch.git("rev-parse", "feat/t")
    assert find_merge(scratch.repository.git, base, "T-1", 1) is None


def test_the_next_run_waits_for_git_that_outlived_its_runner(make_scratch: MakeScratch) -> None:
    scratch = make_scratch(remote=False)
    # Filling a worktree takes as long as this filter waits; it says when it begins and ends.
    wait, log = scratch.folder / "wait", scratch.folder / "log"
    script = f"echo + >> {log}; while [ -e {wait} ]; do sleep 0.01; done; cat; echo - >> {log}"
    scratch.git("config", "filter.slow.smudge", script)
    scratch.commit({".gitattributes": "*.slow filter=slow\n", "a.slow": "content\n"})
    log.unlink(missing_ok=True)
    wait.touch()
    with carry(scratch, "T-1") as process:
        while not log.exists():
            assert process.poll() is None
        process.kill()
    with carry(scratch, "T-1") as again:
        assert again.stdout is not None
        again.stdout.readline()
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                again.wait(0.5)  # were it not waiting, it would be in the filter too by now
            assert log.read_text() == "+\n"
        finally:
            wait.unlink()
        assert again.wait(300) == 0
    assert log.read_text().startswith("+\n-\n+\n-\n")
    assert scratch.git("show", "main:a.slow") == "content"
    assert scratch.git("show", "main:T-1.txt") == "T-1"
