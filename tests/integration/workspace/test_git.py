"""The git command itself: what it is given, how it fails, how it ends."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import workspace.exchange
import workspace.git_command
from errors import GitError, StoppedError, UsageError
from orchestrator.ports.row_stop import RowStop
from tests.conftest import requires
from tests.integration.workspace.conftest import await_end
from workspace.away import Away
from workspace.git import Git
from workspace.heeding import heeding
from workspace.process import Stop
from workspace.repository import Repository

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch


def test_a_failure_says_why(make_scratch: MakeScratch) -> None:
    git = make_scratch(remote=False).repository.git
    with pytest.raises(GitError, match="git cat-file: fatal: Not a valid object name none"):
        git.run("cat-file", "-e", "none^{commit}")
    assert git.run("cat-file", "-e", "none", check=False).code == 128
    with pytest.raises(GitError, match="git merge-base"):
        git.fits("merge-base", "--is-ancestor", "none", "main")
    assert git.commit("none") is None
    assert git.commit("--all") is None


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="git status cannot run in"):
        Git(tmp_path / "nowhere").run("status")
    with pytest.raises(GitError, match="cannot run"):
        Git(tmp_path).run("status", "a\0b")
    with pytest.raises(UsageError, match="not a git repository"):
        Repository.open(tmp_path)


def test_any_bytes_come_back_as_they_were(make_scratch: MakeScratch) -> None:
    git = make_scratch(remote=False).repository.git
    blob = git.run("hash-object", "-w", "--stdin", input=b"\xff\r\n\0").text
    text = git.run("cat-file", "blob", blob).stdout
    assert text.encode(errors="surrogateescape") == b"\xff\r\n\0"
    assert git.run("hash-object", "--stdin", input=text).text == blob


@requires(system="linux")
def test_what_takes_too_long_is_ended_with_its_helpers(
    make_scratch: MakeScratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = make_scratch(remote=False)
    monkeypatch.setattr(workspace.git_command, "LOCAL_LIMIT", 0.5)
    scratch.git("config", "alias.hang", "!sleep 300 & echo $! > pid; sleep 300")
    with pytest.raises(GitError, match="git hang took more than"):
        scratch.repository.git.run("hang")
    await_end(int((scratch.top / "pid").read_text()))


def test_what_prints_without_end_is_ended(
    make_scratch: MakeScratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = make_scratch(remote=False)
    monkeypatch.setattr(workspace.exchange, "MOST", 1 << 20)
    scratch.git("config", "alias.flood", "!yes")
    with pytest.raises(GitError, match="git flood printed more than 1 MiB"):
        scratch.repository.git.run("flood")
    # What is read and what is told at the same time is no matter of pipes that are full.
    echoed = scratch.repository.git.run("stripspace", input="x\n" * 400_000)
    assert echoed.stdout == "x\n" * 400_000


@requires(system="linux")
@pytest.mark.parametrize("of_the_row", [False, True], ids=["of the run", "of a row"])
def test_a_stop_ends_what_goes_on_and_on(
    make_scratch: MakeScratch, monkeypatch: pytest.MonkeyPatch, of_the_row: bool
) -> None:
    """With its helpers; what is done soon goes to its end."""
    scratch, stop = make_scratch(remote=False), Stop()
    monkeypatch.setattr(workspace.exchange, "GRACE", 0.2)
    away = Away(patience=timedelta(), stop=stop, tell=lambda _text, _away: None)
    git = Repository.open(scratch.top, away=away).git
    scratch.git("config", "alias.hang", "!sleep 300 & echo $! > pid; cat pipe")
    os.mkfifo(scratch.top / "pipe")
    heeds = RowStop() if of_the_row else None

    def hang() -> None:
        with heeding(heeds):
            git.run("hang")

    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(hang)
        with (scratch.top / "pipe").open("wb"):  # it is there and reads
            if heeds is None:
                stop.request("Ctrl-C")
            else:
                heeds.stop_row("ann")
            with pytest.raises(StoppedError, match="stopped by ann" if of_the_row else "Ctrl-C"):
                hanging.result()
    await_end(int((scratch.top / "pid").read_text()))
    assert git.text("symbolic-ref", "HEAD") == "refs/heads/main"
    git.close()


def test_a_terminal_is_never_asked(make_scratch: MakeScratch) -> None:
    scratch = make_scratch(remote=False)
    scratch.git("config", "alias.session", "!ps -o sid= -p $$")
    assert int(scratch.repository.git.text("session")) != os.getsid(0)


def test_an_old_git_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace.repository, "OLDEST", (99, 0))
    with pytest.raises(UsageError, match=r"is too old\. Install git 99\.0 or newer"):
        Repository.open(tmp_path)
