"""What earlier attempts of a row left on the remote and in the process table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mission.journal import Step
from orchestrator.ports.display import RecordingDisplay
from orchestrator.recovery import recovery
from tests.scratch import make, row
from workspace.alive import end_leftover, started
from workspace.git import Git
from workspace.repository import Repository
from workspace.worktrees import Worktrees

# The first attempt commits and fails its verification; the next one writes its branch anew.
REBASES = """
import os, pathlib, subprocess
git = ["git", "-c", "user.name=W", "-c", "user.email=w@x.invalid"]
again = pathlib.Path("A.txt").exists()
if again:
    subprocess.run([*git, "reset", "-q", "--hard", "HEAD~1"], check=True)
pathlib.Path("A.txt").write_text("second" if again else "first")
subprocess.run([*git, "add", "."], check=True)
subprocess.run([*git, "commit", "-qm", "work"], check=True)
"""


def test_a_retry_that_was_rebased_replaces_what_the_runner_pushed(tmp_path: Path) -> None:
    code = "import sys; sys.exit(open('A.txt').read() == 'first')"
    step = {"name": "second", "run": [sys.executable, "-S", "-c", code], "on": ["merged"]}
    settings: dict[str, object] = {"verify": [step], "merge": {"keep_branches": True}}
    scratch = make(tmp_path, [row("A")], worker=REBASES, config=settings)
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["A"]
    with scratch.journal() as journal:
        pushed = journal.attempts("A")[0].head
    assert pushed is not None
    assert not Git(scratch.remote).fits("merge-base", "--is-ancestor", pushed, "feat/a")


def test_what_a_killed_run_had_checked_out_for_a_moment_is_removed(tmp_path: Path) -> None:
    """The next run may verify the row together with others, or try it anew with another number,
    and never come to these folders."""
    told = tmp_path / "verified"
    note = f"import os, pathlib; pathlib.Path({str(told)!r}).write_text(os.getcwd())"
    step = {"name": "note", "run": [sys.executable, "-S", "-c", note], "on": ["merged"]}
    scratch = make(tmp_path, [row("A")], config={"verify": [step]})
    assert scratch.run().exit_code == 0
    verified = Path(told.read_text())
    assert not verified.exists()
    worktrees = Worktrees(Repository.open(scratch.top), verified.parent)
    others = [worktrees.path(f"A.{kind}", 1) for kind in ("programs", "review", "review-programs")]
    for path in (verified, *others):
        scratch.git.run("worktree", "add", "--quiet", "--detach", str(path), "main")

    assert scratch.run().exit_code == 0

    assert not any(path.exists() for path in (verified, *others))
    assert scratch.git.text("worktree", "list", "--porcelain").count("worktree ") == 1


def test_a_row_whose_agent_does_not_end_is_held_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn = "import signal, sys; signal.signal(15, signal.SIG_IGN); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", stubborn], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as agent:
        assert agent.stdout is not None
        agent.stdout.readline()
        scratch = make(tmp_path, [row("A", status="in-progress"), row("B"), row("C", after="A")])
        with scratch.journal() as journal:
            run = journal.start_run(mission="M", host="h", pid=1, pid_started=0.0)
            attempt = journal.start_attempt(
                run=run, task="A", agent="worker", branch="feat/a", base_commit=None,
                worktree="where", log=None, route="cell",
            )  # fmt: skip
            journal.update_attempt(attempt.id, pid=agent.pid, pid_started=started(agent.pid))
        monkeypatch.setattr(
            recovery, "end_leftover", lambda pid, since: end_leftover(pid, since, seconds=0.1)
        )
        display = RecordingDisplay()

        end = scratch.run(display=display)

        assert scratch.statuses() == {"A": "in-progress", "B": "done", "C": "not-started"}
        assert (end.exit_code, end.in_progress, end.undone) == (1, ("A",), ("A", "C"))
        assert any(f"A: held back, process {agent.pid}" in text for text in display.said)
        with scratch.journal() as journal:
            assert [one.step for one in journal.open_attempts()] == [Step.STARTED]
        agent.kill()
    assert scratch.run().exit_code == 0
    assert set(scratch.statuses().values()) == {"done"}
