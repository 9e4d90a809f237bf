"""Opening a repository that some tool has left in disorder."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from errors import UsageError
from tests.integration.workspace.conftest import git
from workspace.repository import Repository
from workspace.status_commit import commit_files

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch


@pytest.mark.parametrize("kind", ["git init in a git folder", "settings for each worktree"])
def test_a_checkout_that_git_takes_for_bare_is_named_with_what_mends_it(
    make_scratch: MakeScratch, tmp_path: Path, kind: str
) -> None:
    scratch = make_scratch()
    folder = scratch.top
    if kind == "git init in a git folder":
        scratch.git("config", "core.bare", "true")
    else:
        shared, folder = tmp_path / "p" / ".bare", tmp_path / "p" / "main"
        git(tmp_path, "clone", "--quiet", "--bare", str(scratch.remote), str(shared))
        git(shared, "worktree", "add", "--quiet", str(folder), "main")
        git(shared, "config", "extensions.worktreeConfig", "true")
    with pytest.raises(UsageError, match="is a checkout, and git takes") as refused:
        Repository.open(folder)
    _, *mend = shlex.split(refused.value.hint.split("`")[1])
    git(tmp_path, *mend)
    assert Repository.open(folder).top == folder


def test_a_status_commit_in_a_partial_clone(make_scratch: MakeScratch, tmp_path: Path) -> None:
    scratch = make_scratch()
    assert scratch.remote is not None
    git(scratch.remote, "config", "uploadpack.allowFilter", "true")
    top = tmp_path / "partial"
    git(tmp_path, "clone", "-q", "--filter=blob:none", "-n", f"file://{scratch.remote}", str(top))
    scratch.remote.rename(tmp_path / "away")  # what is not here cannot be fetched
    repository = Repository.open(top)
    made = commit_files(
        repository.git, base=repository.base_tip(), files={"TASKS.md": b"done\n"}, message="m"
    )
    assert git(top, "show", f"{made}:TASKS.md") == "done"
