"""Submodules are filled, or one row hears why not: remotes that are away, and kills."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from errors import GitError, RemoteAwayError
from policy.backoff import Backoff
from tests.hints import commands_in, typed
from tests.integration.workspace.conftest import git
from workspace.away import Away
from workspace.changes import head
from workspace.process import Stop
from workspace.repository import Repository
from workspace.submodule_files import SubmoduleFiles
from workspace.submodule_hosts import SubmoduleHosts
from workspace.submodules import refuse_lost_submodules
from workspace.worktree import Worktree

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch, Scratch


@pytest.fixture
def scratch(make_scratch: MakeScratch) -> Scratch:
    """With a library in `vendor/lib`."""
    made = make_scratch()
    library = made.folder / "library"
    git(made.folder, "init", "--quiet", str(library))
    made.commit({"lib.txt": "lib"}, folder=library)
    allow = ("-c", "protocol.file.allow=always")
    made.git(*allow, "submodule", "--quiet", "add", str(library), "vendor/lib")
    made.commit({})
    made.push()
    made.git("submodule", "--quiet", "deinit", "--force", "vendor/lib")
    return made


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody answers: its port is taken, and not listened at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"git://127.0.0.1:{taken.getsockname()[1]}/library.git"


def tree(scratch: Scratch) -> Worktree:
    base = scratch.repository.base_tip()
    return scratch.worktrees.ensure("T-1", 1, branch="feat/t", base_commit=base)


def fills(hosts: SubmoduleHosts, worktree: Worktree) -> None:
    store = hosts.repository.top.parent / "store"
    SubmoduleFiles(hosts=hosts, store=store, wanted=None).fill(worktree.path, head(worktree))


def delivers(hosts: SubmoduleHosts, worktree: Worktree) -> None:
    """As an agent has moved the submodule."""
    entry = f"160000,{head(worktree)},vendor/lib"
    git(worktree.path, "update-index", "--cacheinfo", entry)
    git(worktree.path, "commit", "--quiet", "--message", "moved")
    refuse_lost_submodules(hosts, worktree, head(worktree))


@pytest.mark.parametrize("does", [fills, delivers])
def test_a_remote_of_a_submodule_that_is_away_holds_up_nothing_else(
    scratch: Scratch,
    nobody: str,
    does: Callable[[SubmoduleHosts, Worktree], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("workspace.away.PAUSES", Backoff(first=timedelta(milliseconds=200)))
    monkeypatch.setattr("workspace.away.AT_FIRST", timedelta(seconds=1))
    told: list[str] = []
    away = Away(
        patience=timedelta(hours=1), stop=Stop(), tell=lambda text, _away: told.append(text)
    )
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        assert not away.holds
        away.answered()  # to somebody else, who fetches meanwhile

    scratch.git("config", "submodule.vendor/lib.url", nobody)
    hosts = SubmoduleHosts.of(Repository.open(scratch.top, away=away), say)
    away.answered()
    worktree = tree(scratch)
    with pytest.raises(GitError, match="the submodule vendor/lib cannot be had") as caught:
        does(hosts, worktree)
    assert not isinstance(caught.value, RemoteAwayError)
    assert f"{nobody} could not be reached for " in str(caught.value)
    assert "unblock the row" in caught.value.hint
    (once,) = said
    assert f"the remote {nobody} cannot be reached" in once
    assert told == []
    (name,) = commands_in(caught.value.hint)
    library = scratch.folder / "library"
    typed(capsys, name.replace("ADDRESS", str(library)), folder=scratch.top)
    assert scratch.git("config", "submodule.vendor/lib.url") == str(library)


def test_what_was_fetched_is_made_whole_after_a_kill(scratch: Scratch) -> None:
    hosts, worktree = SubmoduleHosts.of(scratch.repository, print), tree(scratch)
    place = worktree.path / "vendor" / "lib"

    def filled() -> Path:
        fills(hosts, worktree)
        assert (place / "lib.txt").read_text() == "lib"
        (held,) = (scratch.folder / "store").glob("*.git")
        return held

    held = filled()
    shutil.rmtree(held)
    (held / "objects").mkdir(parents=True)  # all that git had made when it was killed
    (held / "config.lock").touch()
    filled()
    commit = git(place, "rev-parse", "HEAD")
    git(held, "update-ref", "-d", f"refs/kept/{commit}")
    for left in ("shallow.lock", f"refs/kept/{commit}.lock"):
        (held / left).parent.mkdir(exist_ok=True)
        (held / left).touch()
    filled()
