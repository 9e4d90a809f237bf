"""Locks that killed git leaves: ours go, others stay and are named with what removes them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from errors import LockedError
from policy.backoff import Backoff
from tests.conftest import CANNOT_EXIST, requires
from tests.scratch import Scratch, make, row
from workspace import git_command
from workspace.git_locks import GitLocks
from workspace.repository import Repository

# A runner that dies while a git command of its is under way.
KILLED = """
import os, signal, sys
from pathlib import Path
from workspace.git_locks import GitLocks
common, command, *left = sys.argv[1:]
with GitLocks(Path(common)).noted([command]):
    for name in left:
        Path(common, name).touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""
LOCKS = ("index.lock", "HEAD.lock", "packed-refs.lock", "refs/heads/main.lock")


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(git_command, "PATIENCE", 0.5)
    monkeypatch.setattr("workspace.away.PAUSES", Backoff(first=timedelta(milliseconds=5)))
    return make(tmp_path, [row("A")])


def die(common: Path, command: str, *left: str) -> None:
    argv = [sys.executable, "-c", KILLED, str(common), command, *left]
    assert subprocess.run(argv, cwd=Path(__file__).parents[3], check=False).returncode == -9


def test_a_run_removes_the_locks_that_its_killed_git_left_and_a_worktree_that_was_begun(
    scratch: Scratch,
) -> None:
    common = scratch.top / ".git"
    theirs = common / "refs" / "heads" / "of-a-person.lock"
    theirs.touch()
    begun = common / "worktrees" / "A-1"
    begun.mkdir(parents=True)
    die(common, "fetch", *LOCKS, "refs/remotes/origin/main.lock", "worktrees/A-1/HEAD")
    (begun / "HEAD").write_text("0" * 40 + "\n")
    (begun / "gitdir").write_text(f"{scratch.top.parent}/nowhere/.git\n")
    assert scratch.git.run("fetch", "origin", check=False).code != 0  # as every later one
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["A"]
    assert [*common.rglob("*.lock")].count(theirs) == 1  # nobody knows whose that one is
    assert not any((common / name).exists() for name in LOCKS)
    assert not begun.exists()


def test_a_lock_of_somebody_elses_stays_and_what_is_printed_removes_it(scratch: Scratch) -> None:
    lock = scratch.top / ".git" / "refs" / "remotes" / "origin" / "main.lock"
    other = scratch.git.text("commit-tree", "-p", "HEAD", "-m", "newer", "HEAD^{tree}")
    scratch.git.run("push", "--quiet", str(scratch.remote), f"{other}:refs/heads/main")
    lock.touch()
    end = scratch.run()
    assert end.stopped, "no row is blocked for it"
    assert scratch.statuses() == {"A": "not-started"}
    assert str(lock) in end.stopped
    typed = re.search(r"`(rm [^`]+)`", end.stopped)
    assert typed is not None, end.stopped
    subprocess.run(["/bin/sh", "-c", typed[1]], check=True)
    assert scratch.run().exit_code == 0
    with scratch.journal() as journal:
        assert len([one for one in journal.attempts() if one.head is not None]) == 1


def test_the_checkout_stays_behind_a_lock_and_follows_once_it_is_gone(scratch: Scratch) -> None:
    lock = scratch.top / ".git" / "index.lock"
    lock.touch()
    end = scratch.run()
    assert (end.exit_code, scratch.statuses()) == (0, {"A": "done"})
    typed = re.search(r"`(rm [^`]+)`", end.behind)
    assert typed is not None, end.behind
    subprocess.run(["/bin/sh", "-c", typed[1]], check=True)
    assert not scratch.run().behind
    assert scratch.git.text("status", "--porcelain") == ""


def test_nothing_is_removed_while_a_git_is_at_work_there(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace.git_locks.PATIENCE", 0.0)
    common = scratch.top / ".git"
    die(common, "update-index", "refs/heads/main.lock")
    asked = ["git", "check-attr", "--stdin", "text"]  # it waits for more input
    with subprocess.Popen(
        asked, cwd=scratch.top, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as person:
        assert person.stdin is not None
        assert person.stdout is not None
        person.stdin.write(b"file.txt\n")
        person.stdin.flush()
        assert person.stdout.readline()  # before that it may not be called git yet
        assert GitLocks(common).clear() == ()
        person.send_signal(signal.SIGKILL)
    assert GitLocks(common).clear() == (common / "refs" / "heads" / "main.lock",)
    assert GitLocks(common).clear() == ()


@pytest.mark.skipif(os.geteuid() != 0, reason=f"{CANNOT_EXIST}only root can become another user")
@requires(system="linux")
def test_another_users_git_made_none_of_our_locks(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is, an ordinary user may not even look: a server of git's may run there for ever."""
    monkeypatch.setattr("workspace.git_locks.PATIENCE", 0.0)
    common = scratch.top / ".git"
    die(common, "update-index", "refs/heads/main.lock")
    named_git = ["/bin/sh", "-c", "echo git > /proc/self/comm; echo there; read line"]
    with subprocess.Popen(
        named_git,
        cwd=scratch.top,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        user=65534,
        group=65534,
        extra_groups=[],
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"there\n"
        assert GitLocks(common).clear() == (common / "refs" / "heads" / "main.lock",)
        other.kill()


def test_git_is_quoted_with_the_line_that_matters(scratch: Scratch) -> None:
    repository = Repository.open(scratch.top)
    lock = scratch.top / ".git" / "index.lock"
    lock.touch()
    with pytest.raises(LockedError) as refused:
        repository.git.run("update-index", "--refresh")
    assert f"Unable to create '{lock}': File exists" in refused.value.message
    assert f"`rm {lock}`" in refused.value.hint
    repository.close()
