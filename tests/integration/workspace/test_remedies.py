"""What is said to be typed where a lock stays names no file that a remote has chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.workspace.conftest import git
from workspace.git import Git
from workspace.git_locks import GitLocks, refusal
from workspace.remotes import places

OWN, OTHER, REMOTE = "top/.git/index.lock", "top/yarn.lock", "remote.git/refs/heads/main.lock"


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("remedies")
    git(folder, "init", "--quiet", "top")
    git(folder, "init", "--quiet", "--bare", "remote.git")
    git(folder / "top", "remote", "add", "folder", "../remote.git")
    git(folder / "top", "remote", "add", "file", f"file://{folder}/remote.git")
    git(folder / "top", "remote", "add", "away", "ssh://nobody@localhost/remote.git")
    git(folder / "top", "remote", "add", "short", "localhost:remote.git")
    for lock in (OWN, OTHER, REMOTE):
        (folder / lock).touch()
    return folder / "top"


@pytest.mark.parametrize(
    ("remote", "before", "lock", "named"),
    [
        ("folder", "remote: error: ", REMOTE, True),
        ("file", "remote: error: ", REMOTE, True),
        ("folder", "remote: error: ", OWN, False),
        ("away", "remote: error: ", OWN, False),
        ("short", "remote: error: ", OWN, False),
        ("away", "fatal: hm\nremote: error: ", REMOTE, False),
        ("away", " ! [remote rejected] main -> main (", OWN, False),
        ("away", "fatal: ", OWN, True),
        ("away", "fatal: ", REMOTE, False),
        ("away", "fatal: ", OTHER, False),
        ("away", "remote: hm\nfatal: ", OWN, True),
    ],
)
def test_what_may_be_removed(top: Path, remote: str, before: str, lock: str, named: bool) -> None:
    repository = Git(top, locks=GitLocks(top / ".git"))
    path = top.parent / lock
    said = f"{before}Unable to create '{path}': File exists.\n"
    error = refusal("no", said, places=places(repository, remote))
    assert (f"`rm {path}`" in error.hint) is named
    assert named or "rm " not in error.hint
