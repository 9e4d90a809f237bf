"""The stash is one for all worktrees of a repository, and agents have one of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.scratch import START, Scratch, make, row
from workspace.git import Git


def stashed(scratch: Scratch, text: str) -> str:
    """Leave a person's unfinished idea in the stash; what `git stash list` says of it."""
    (scratch.top / "README.md").write_text(text)
    scratch.git.run("-c", "user.name=P", "-c", "user.email=p@e", "stash", "push", "-m", "mine")
    return scratch.git.text("stash", "list", "--format=%H %gd %gs")


TAKES = {
    "pop": "git('add', '-A'); git('commit', '-qm', 'w'); git('stash', 'pop')",
    "clear": "git('stash', 'clear')",
    "gc": "git('reflog', 'expire', '--expire=now', '--all'); git('gc', '-q', '--prune=now')",
}


@pytest.mark.parametrize("take", TAKES)
def test_what_a_person_stashed_is_nobody_elses(tmp_path: Path, take: str) -> None:
    worker = START + f"write('w.txt', 'w')\ntry: {TAKES[take]}\nexcept Exception: pass\n"
    scratch = make(tmp_path, [row("A")], worker=worker)
    before = stashed(scratch, "half an idea")
    assert scratch.run().exit_code == 0
    assert scratch.git.text("stash", "list", "--format=%H %gd %gs") == before
    assert scratch.git.text("show", "stash@{0}:README.md") == "half an idea"
    assert Git(scratch.remote).text("show", "main:README.md") == "scratch"
    assert Git(scratch.remote).text("show", "main:w.txt") == "w"


def test_rows_that_stash_at_once_keep_their_own_work(tmp_path: Path) -> None:
    turns = [tmp_path / name for name in ("A", "B")]
    for turn in turns:
        os.mkfifo(turn)
    # FinishedWork A stashes, then B, then A takes back what it finds on top, then B.
    worker = START + (
        f"mine, others = {[str(turn) for turn in turns]!r}[:: 1 if task == 'A' else -1]\n"
        "def wait(): open(mine).read()\n"
        "def pass_on(): open(others, 'w').close()\n"
        "write(f'{task}.txt', task); git('add', '-A')\n"
        "if task == 'B': wait()\n"
        "git('stash'); pass_on(); wait()\n"
        "git('stash', 'pop')\n"
        "if task == 'A': pass_on()\n"
    )
    scratch = make(tmp_path, [row("A"), row("B")], worker=worker)
    assert scratch.run(slots=2).exit_code == 0
    for task, other in (("A", "B"), ("B", "A")):
        [commit] = scratch.git.text("log", "--format=%H", f"--grep=^Task: {task}").split()
        files = scratch.git.text("show", "--format=", "--name-only", commit).split()
        assert f"{task}.txt" in files
        assert f"{other}.txt" not in files


def test_checks_that_stash_leave_a_persons_alone(tmp_path: Path) -> None:
    steps = [{"name": "stash", "run": ["git", "stash", "clear"], "on": ["branch", "merged"]}]
    scratch = make(tmp_path, [row("A")], config={"verify": steps})
    before = stashed(scratch, "half an idea")
    assert scratch.run().exit_code == 0
    assert scratch.git.text("stash", "list", "--format=%H %gd %gs") == before


def test_what_an_agent_left_in_its_stash_is_kept(tmp_path: Path) -> None:
    worker = START + "write('README.md', 'an idea'); git('stash'); write('w.txt', 'w')"
    scratch = make(tmp_path, [row("A")], worker=worker)
    assert scratch.run().exit_code == 0
    assert scratch.git.text("stash", "list") == ""
    refs = scratch.git.text("for-each-ref", "--format=%(refname)", "refs/mission-runner").split()
    [kept] = [ref for ref in refs if not ref.startswith("refs/mission-runner/plan/")]
    assert scratch.git.text("show", f"{kept}:README.md") == "an idea"
