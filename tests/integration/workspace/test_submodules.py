"""A branch does not land without what its submodules hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from errors import GitError
from tests.integration.workspace.conftest import git
from workspace.changes import commit_leftovers, head
from workspace.submodule_hosts import SubmoduleHosts
from workspace.submodules import refuse_lost_submodules
from workspace.worktree import Worktree

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch, Scratch


@pytest.fixture
def scratch(make_scratch: MakeScratch) -> Scratch:
    """With a library in `vendor/lib`, which comes from a remote beside the repository's own."""
    made = make_scratch()
    library = made.folder / "library.git"
    git(made.folder, "init", "--quiet", "--bare", str(library))
    own = made.folder / "library"
    git(made.folder, "clone", "--quiet", str(library), str(own))
    made.commit({"lib.txt": "lib"}, folder=own)
    git(own, "push", "--quiet", "origin", "HEAD")
    allow = ("-c", "protocol.file.allow=always")
    made.git(*allow, "submodule", "--quiet", "add", "../library.git", "vendor/lib")
    made.commit({})
    made.push()
    return made


def hosts(scratch: Scratch) -> SubmoduleHosts:
    return SubmoduleHosts.of(scratch.repository, print)


def work(scratch: Scratch, does: str) -> Worktree:
    """A worktree in which an agent changed the library, and did more with it or did not."""
    base = scratch.repository.base_tip()
    worktree = scratch.worktrees.ensure("T-1", 1, branch="feat/t", base_commit=base)
    with scratch.worktrees.lent(worktree):
        allow = ("-c", "protocol.file.allow=always")
        git(worktree.path, *allow, "submodule", "--quiet", "update", "--init")
        inner = worktree.path / "vendor" / "lib"
        (inner / "lib.txt").write_text("fixed")
        if does != "leaves":
            scratch.commit({}, folder=inner)
        if does == "pushes":
            git(inner, "push", "--quiet", "origin", "HEAD:refs/heads/fix")
        (worktree.path / "a.txt").write_text("a")
    commit_leftovers(worktree, message="left", author="a")
    return worktree


@pytest.mark.parametrize(
    ("does", "said"),
    [("commits", "its remote does not have"), ("leaves", r"has changes that \w+ does not hold")],
)
def test_work_that_is_nowhere_else_holds_the_row_up(scratch: Scratch, does: str, said: str) -> None:
    worktree = work(scratch, does)
    with pytest.raises(GitError, match=said):
        refuse_lost_submodules(hosts(scratch), worktree, head(worktree))
    inner = worktree.path / "vendor" / "lib"
    assert (inner / "lib.txt").read_text() == "fixed"
    if does == "commits":  # as the hint says
        git(inner, "push", "--quiet", "origin", "HEAD:refs/heads/fix")
        refuse_lost_submodules(hosts(scratch), worktree, head(worktree))


def test_a_commit_that_the_remote_has_may_land(scratch: Scratch) -> None:
    worktree = work(scratch, "pushes")
    refuse_lost_submodules(hosts(scratch), worktree, head(worktree))
    assert scratch.git("diff", "--name-only", worktree.base_commit, "feat/t") == (
        "a.txt\nvendor/lib"
    )


def test_a_commit_that_is_where_a_person_says_the_submodule_comes_from_may_land(
    scratch: Scratch,
) -> None:
    worktree = work(scratch, "pushes")
    mirror = scratch.folder / "mirror.git"
    (scratch.folder / "library.git").rename(mirror)
    before = hosts(scratch)
    scratch.git("config", "submodule.vendor/lib.url", str(mirror))
    refuse_lost_submodules(hosts(scratch), worktree, head(worktree))
    with pytest.raises(GitError, match="does not appear to be a git repository"):
        refuse_lost_submodules(before, worktree, head(worktree))  # whoever has set it meanwhile


def test_a_repository_that_was_added_as_a_whole_is_looked_into_as_well(scratch: Scratch) -> None:
    """Its `.git` is a folder, and no `.gitmodules` says where it comes from."""
    base = scratch.repository.base_tip()
    worktree = scratch.worktrees.ensure("T-1", 1, branch="feat/t", base_commit=base)
    inner = worktree.path / "cloned"
    git(scratch.folder, "clone", "--quiet", str(scratch.folder / "library.git"), str(inner))
    scratch.commit({}, folder=worktree.path)
    with pytest.raises(GitError, match=r"cloned is at \w+, which its remote does not have"):
        refuse_lost_submodules(hosts(scratch), worktree, head(worktree))
    (inner / "lib.txt").write_text("fixed")
    with pytest.raises(GitError, match=r"cloned has changes that \w+ does not hold"):
        refuse_lost_submodules(hosts(scratch), worktree, head(worktree))
