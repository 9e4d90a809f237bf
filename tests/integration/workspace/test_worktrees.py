"""A worktree for each attempt, taken up again after a crash."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from errors import GitError, UsageError
from workspace.changes import head
from workspace.worktree import Worktree
from workspace.worktrees import Worktrees

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch, Scratch


@pytest.fixture
def scratch(make_scratch: MakeScratch) -> Scratch:
    return make_scratch(remote=False)


def ensure(
    scratch: Scratch, attempt: int = 1, *, task: str = "T-1", branch: str | None = "feat/t"
) -> Worktree:
    base = scratch.repository.base_tip()
    return scratch.worktrees.ensure(task, attempt, branch=branch, base_commit=base)


def test_a_new_one_starts_at_the_base(scratch: Scratch) -> None:
    worktree = ensure(scratch)
    assert not worktree.reused
    assert (worktree.path / "file.txt").read_text() == "one\ntwo\nthree\n"
    assert worktree.git.text("status", "--porcelain") == ""
    assert worktree.git.text("symbolic-ref", "HEAD") == "refs/heads/feat/t"
    assert [found.branch for found in scratch.worktrees.existing()] == ["feat/t"]


def test_an_interrupted_attempt_gets_its_own_back(scratch: Scratch) -> None:
    first = ensure(scratch)
    (first.path / "draft.txt").write_text("draft")
    (first.git_dir / "index.lock").touch()
    again = ensure(scratch)
    assert again.reused
    assert (again.path / "draft.txt").read_text() == "draft"
    assert "draft.txt" in again.git.text("status", "--porcelain")
    again.git.run("add", "--all")  # the stale lock is gone


def test_one_that_was_killed_while_it_was_made_is_made_again(scratch: Scratch) -> None:
    first = ensure(scratch)
    (first.git_dir / "mission-ready").unlink()
    (first.path / "file.txt").unlink()
    again = ensure(scratch)
    assert not again.reused
    assert (again.path / "file.txt").exists()


def test_the_next_attempt_goes_on_with_the_branch(scratch: Scratch) -> None:
    first = ensure(scratch)
    done = scratch.commit({"work.txt": "w"}, folder=first.path)
    (first.path / "draft.txt").write_text("draft")
    scratch.commit({"base.txt": "moved on"})
    second = ensure(scratch, 2)
    assert second.path != first.path
    assert head(second) == done
    assert first.path.joinpath("draft.txt").exists()
    assert head(first) == done
    assert first.git.run("symbolic-ref", "-q", "HEAD", check=False).code == 1


def test_a_branch_without_work_of_its_own_starts_anew(scratch: Scratch) -> None:
    ensure(scratch)
    tip = scratch.commit({"base.txt": "moved on"})
    assert head(ensure(scratch, 2)) == tip


def test_a_branch_that_only_the_remote_has_is_gone_on_with(make_scratch: MakeScratch) -> None:
    scratch = make_scratch()
    theirs = scratch.branch("feat/t", {"their.txt": "t"})
    scratch.git("push", "--quiet", "origin", "feat/t")
    scratch.git("branch", "-D", "feat/t")
    assert head(ensure(scratch)) == theirs


def test_without_a_branch_it_stands_on_the_base(scratch: Scratch) -> None:
    worktree = ensure(scratch, branch=None)
    assert worktree.git.run("symbolic-ref", "-q", "HEAD", check=False).code == 1
    assert head(worktree) == worktree.base_commit


@pytest.mark.parametrize("place", ["in a person's checkout", "in another task's worktree"])
def test_nobody_loses_a_branch(scratch: Scratch, place: str) -> None:
    if place == "in a person's checkout":
        scratch.git("switch", "--quiet", "--create", "feat/t")
        base = scratch.git("rev-parse", "HEAD")
    else:
        base = ensure(scratch, task="T-2").base_commit
    with pytest.raises(GitError, match="feat/t is checked out in"):
        scratch.worktrees.ensure("T-1", 1, branch="feat/t", base_commit=base)


def test_a_folder_that_is_not_ours_is_moved_aside(scratch: Scratch) -> None:
    path = scratch.worktrees.path("T-1", 1)
    path.mkdir(parents=True)
    (path / "precious").write_text("p")
    worktree = ensure(scratch)
    assert worktree.path == path
    assert (path.with_name("T-1-1.kept-1") / "precious").read_text() == "p"


def test_of_an_empty_folder_in_the_way_nothing_is_kept(scratch: Scratch) -> None:
    scratch.worktrees.path("T-1", 1).mkdir(parents=True)  # git was killed right after it made it
    scratch.worktrees.remove(ensure(scratch))
    assert [one for one in scratch.worktrees.root.iterdir() if one.name[0] != "."] == []


def test_an_empty_folder_that_nobody_comes_back_to_goes(scratch: Scratch) -> None:
    path = scratch.worktrees.path("T-1", 1)
    path.mkdir(parents=True)
    Worktrees(scratch.repository, path.parent, in_use=frozenset).forget_lost()
    assert not path.exists()


def test_commits_of_a_deleted_worktree_are_kept(scratch: Scratch) -> None:
    first = ensure(scratch, branch=None)
    done = scratch.commit({"work.txt": "w"}, folder=first.path)
    shutil.rmtree(first.path)
    again = ensure(scratch, branch=None)
    assert not again.reused
    assert done in scratch.git("for-each-ref", "--format=%(objectname)", "refs/mission-runner")


def test_what_is_lost_is_forgotten_but_for_its_commits_and_but_for_who_is_at_work(
    scratch: Scratch,
) -> None:
    lost, used, here = (ensure(scratch, number, branch=None) for number in (1, 2, 3))
    (lost.path / "new.txt").write_text("new")
    lost.git.run("add", "--all")
    lost.git.run("-c", "user.name=a", "-c", "user.email=a@x", "commit", "-qm", "work")
    commit = head(lost)
    for one in (lost, used):
        shutil.rmtree(one.path)
    root = lost.path.parent
    Worktrees(scratch.repository, root).forget_lost()
    assert len(scratch.worktrees.existing()) == 3
    Worktrees(scratch.repository, root, in_use=lambda: frozenset({used.path})).forget_lost()
    assert {one.path for one in scratch.worktrees.existing()} == {used.path, here.path}
    kept = scratch.repository.git.text("for-each-ref", "refs/mission-runner/kept")
    assert commit is not None
    assert commit in kept


def test_remove_takes_what_an_agent_made_of_it(scratch: Scratch) -> None:
    worktree = ensure(scratch)
    (worktree.path / ".git").unlink()
    (worktree.path / ".git").mkdir()
    scratch.worktrees.remove(worktree)
    assert not worktree.path.exists()
    assert scratch.worktrees.existing() == ()
    assert scratch.git("branch", "--list", "feat/t") != ""


def test_hostile_names(scratch: Scratch) -> None:
    paths = {
        scratch.worktrees.path(task, 1) for task in ("../../x", "../..-x", "a/b", "a-b", "a b")
    }
    assert len(paths) == 5
    assert {path.parent for path in paths} == {scratch.folder / "worktrees"}
    for branch in ("--force", "main", "a..b", "$(touch x) y", "x\ny", "", "HEAD", "../x"):
        with pytest.raises(UsageError):
            ensure(scratch, branch=branch)
    odd = ensure(scratch, branch="feat/;touch$(x)'\"`é")
    assert odd.git.text("symbolic-ref", "--short", "HEAD") == odd.branch


def test_many_at_once(scratch: Scratch) -> None:
    made: list[Worktree] = []
    threads = [
        threading.Thread(
            target=lambda number=number: made.append(
                ensure(scratch, task=f"T-{number}", branch=f"feat/{number}")
            )
        )
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(worktree.branch or "" for worktree in made) == [f"feat/{n}" for n in range(8)]
    assert all(worktree.git.text("status", "--porcelain") == "" for worktree in made)
