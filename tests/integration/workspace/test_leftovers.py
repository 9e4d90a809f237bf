"""Whatever an agent leaves behind ends up on its branch, or is refused with the reason."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from errors import GitError
from tests.integration.workspace.conftest import git
from workspace.changes import changed_files, commit_leftovers, head, is_changed
from workspace.loan import Loan
from workspace.repository import Repository

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch, Scratch
    from workspace.worktree import Worktree

AUTHOR = "sonnet via mission-runner"


@pytest.fixture
def scratch(make_scratch: MakeScratch) -> Scratch:
    return make_scratch(remote=False)


@pytest.fixture(params=["the repository's", "lent"])
def worktree(request: pytest.FixtureRequest, scratch: Scratch) -> Worktree:
    """Agents work in one that is lent; a person may work on in one that no agent has any more."""
    base = scratch.repository.base_tip()
    made = scratch.worktrees.ensure("T-1", 1, branch="feat/t", base_commit=base)
    if request.param == "lent":
        Loan(scratch.repository, made.path).begin(made.git_dir, made.ref, returns=True)
    return made


def give_back(worktree: Worktree) -> None:
    Loan(Repository.open(worktree.git_dir.parents[2]), worktree.path).end(worktree.git_dir)


def collect(worktree: Worktree) -> str | None:
    give_back(worktree)
    return commit_leftovers(worktree, message="left over", author=AUTHOR)


def commit(worktree: Worktree) -> str | None:
    made = collect(worktree)
    assert worktree.git.text("status", "--porcelain") == ""
    assert worktree.git.text("symbolic-ref", "HEAD") == "refs/heads/feat/t"
    return made


def files(worktree: Worktree) -> tuple[str, ...]:
    return changed_files(worktree.git, worktree.base_commit, head(worktree))


def test_nothing_left(worktree: Worktree) -> None:
    (worktree.path / "file.txt").touch()
    assert commit(worktree) is None
    assert not is_changed(worktree.git, worktree.base_commit, head(worktree))


def test_every_kind_of_change(scratch: Scratch, worktree: Worktree, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("not ours")
    (worktree.path / "file.txt").unlink()
    (worktree.path / "link").symlink_to(outside)
    (worktree.path / "-odd\nname é").write_text("x")
    (worktree.path / ".gitignore").write_text("ignored\n")
    (worktree.path / "ignored").write_text("x")
    assert commit(worktree) == head(worktree)
    assert set(files(worktree)) == {"file.txt", "link", "-odd\nname é", ".gitignore"}
    assert worktree.git.text("log", "-1", "--format=%an|%ae|%cn|%s") == (
        "sonnet via mission-runner|mission-runner@localhost|mission-runner|left over"
    )


def test_hooks_and_signing_do_not_get_in_the_way(scratch: Scratch, worktree: Worktree) -> None:
    hooks = worktree.git_dir.parents[1] / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-commit", "commit-msg", "post-checkout", "reference-transaction"):
        (hooks / name).write_text("#!/bin/sh\nexit 1\n")
        (hooks / name).chmod(0o755)
    scratch.git("config", "commit.gpgsign", "true")
    scratch.git("config", "core.autocrlf", "input")
    scratch.git("config", "core.safecrlf", "true")
    (worktree.path / "dos.txt").write_bytes(b"a\r\nb\r\n")
    assert commit(worktree) is not None


def test_line_ends_follow_the_attributes(worktree: Worktree) -> None:
    (worktree.path / ".gitattributes").write_text("*.txt text eol=crlf\n")
    (worktree.path / "dos.txt").write_bytes(b"a\r\nb\r\n")
    commit(worktree)
    assert worktree.git.run("cat-file", "blob", "HEAD:dos.txt").stdout == "a\nb\n"
    assert (worktree.path / "dos.txt").read_bytes() == b"a\r\nb\r\n"


def test_a_detached_head_comes_back(scratch: Scratch, worktree: Worktree) -> None:
    git(worktree.path, "switch", "--quiet", "--detach")
    scratch.commit({"a.txt": "a"}, folder=worktree.path)
    (worktree.path / "b.txt").write_text("b")
    assert commit(worktree) == head(worktree)
    assert files(worktree) == ("a.txt", "b.txt")


def test_commits_on_a_branch_of_the_agents_own_come_along(
    scratch: Scratch, worktree: Worktree
) -> None:
    scratch.commit({"a.txt": "a"}, folder=worktree.path)
    git(worktree.path, "switch", "--quiet", "--create", "mine", worktree.base_commit)
    theirs = scratch.commit({"b.txt": "b"}, folder=worktree.path)
    (worktree.path / "c.txt").write_text("c")
    commit(worktree)
    assert files(worktree) == ("a.txt", "b.txt", "c.txt")
    git(worktree.path, "merge-base", "--is-ancestor", theirs, "HEAD")


def test_an_old_commit_that_was_looked_at_changes_nothing(
    scratch: Scratch, worktree: Worktree
) -> None:
    scratch.commit({"a.txt": "a"}, folder=worktree.path)
    done = scratch.commit({"b.txt": "b"}, folder=worktree.path)
    git(worktree.path, "switch", "--quiet", "--detach", "HEAD~1")
    assert commit(worktree) is None
    assert head(worktree) == done


def test_a_branch_that_was_deleted_or_renamed_is_there_again(
    scratch: Scratch, worktree: Worktree
) -> None:
    git(worktree.path, "branch", "-m", "renamed")
    done = scratch.commit({"a.txt": "a"}, folder=worktree.path)
    commit(worktree)
    assert head(worktree) == done


def test_commits_that_conflict_with_each_other_are_refused(
    scratch: Scratch, worktree: Worktree
) -> None:
    one = scratch.commit({"file.txt": "1\n"}, folder=worktree.path)
    git(worktree.path, "switch", "--quiet", "--detach", worktree.base_commit)
    two = scratch.commit({"file.txt": "2\n"}, folder=worktree.path)
    with pytest.raises(GitError, match=r"conflict in file\.txt"):
        collect(worktree)
    assert head(worktree) == two
    assert scratch.git("rev-parse", "feat/t") == one


def conflicting(scratch: Scratch, worktree: Worktree) -> str:
    """A commit on the base that conflicts with one on the branch."""
    moved = scratch.commit({"file.txt": "theirs\n", "theirs.txt": "t"})
    scratch.commit({"file.txt": "ours\n"}, folder=worktree.path)
    return moved


@pytest.mark.parametrize("operation", ["merge", "rebase", "cherry-pick"])
def test_conflicts_left_in_files_are_refused(
    scratch: Scratch, worktree: Worktree, operation: str
) -> None:
    moved = conflicting(scratch, worktree)
    done = git(worktree.path, "rev-parse", "HEAD")
    git(worktree.path, operation, moved, code=1)
    with pytest.raises(GitError, match=rf"left a {operation} unfinished.* file\.txt"):
        collect(worktree)
    assert scratch.git("rev-parse", "feat/t") == done


@pytest.mark.parametrize("operation", ["merge", "rebase", "cherry-pick"])
def test_conflicts_that_were_resolved_are_committed(
    scratch: Scratch, worktree: Worktree, operation: str
) -> None:
    moved = conflicting(scratch, worktree)
    done = git(worktree.path, "rev-parse", "HEAD")
    git(worktree.path, operation, moved, code=1)
    (worktree.path / "file.txt").write_text("both\n")
    if operation == "rebase":
        # The branch's own commit and what it became on the new base: two lines that conflict.
        with pytest.raises(GitError, match="conflict in"):
            collect(worktree)
    else:
        assert commit(worktree) is not None
        assert (worktree.path / "file.txt").read_text() == "both\n"
    git(worktree.path, "merge-base", "--is-ancestor", done, "feat/t")
    if operation == "merge":
        git(worktree.path, "merge-base", "--is-ancestor", moved, "HEAD")


def test_a_repository_in_the_repository_is_refused(worktree: Worktree) -> None:
    git(worktree.path, "init", "--quiet", "deep/inner")
    (worktree.path / "deep" / "inner" / "f").write_text("x")
    with pytest.raises(GitError, match="repository of its own in deep/inner/"):
        collect(worktree)
    (worktree.path / ".gitignore").write_text("inner/\n")
    commit(worktree)
    assert files(worktree) == (".gitignore",)


def test_a_repository_in_place_of_the_worktree_is_seen_through(worktree: Worktree) -> None:
    (worktree.path / ".git").unlink()
    git(worktree.path, "init", "--quiet")
    (worktree.path / "a.txt").write_text("a")
    assert commit(worktree) is not None
    assert files(worktree) == ("a.txt",)


def test_a_worktree_that_is_gone_is_an_error_not_a_crash(
    scratch: Scratch, worktree: Worktree
) -> None:
    worktree.path.rename(worktree.path.with_name("away"))
    with pytest.raises(GitError):
        collect(worktree)


def test_settings_of_a_submodule_are_not_obeyed(
    scratch: Scratch, worktree: Worktree, tmp_path: Path
) -> None:
    inner = worktree.path / "inner"
    git(worktree.path, "init", "--quiet", "inner")
    (inner / ".gitattributes").write_text("* filter=trap\n")
    (inner / "f").write_text("1")
    linked = scratch.commit({"g": "1"}, folder=inner)
    git(worktree.path, "update-index", "--add", "--cacheinfo", f"160000,{linked},inner")
    git(worktree.path, "commit", "--quiet", "-m", "a submodule")
    git(inner, "config", "filter.trap.clean", f"touch {tmp_path}/sprung; cat")
    (inner / "f").write_text("2")
    (worktree.path / "file.txt").write_text("changed")
    collect(worktree)
    assert not (tmp_path / "sprung").exists()
    git(worktree.path, "status")  # this would spring it
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", [".gitattributes", "deep/.gitignore", "ignored/pipe"])
def test_pipes_are_refused_before_git_opens_them(worktree: Worktree, name: str) -> None:
    pipe = worktree.path / name
    pipe.parent.mkdir(exist_ok=True)
    os.mkfifo(pipe)
    with pytest.raises(GitError, match="is a pipe or a device"):
        collect(worktree)
    pipe.unlink()
    (worktree.path / "a.txt").write_text("a")
    commit(worktree)
    assert files(worktree) == ("a.txt",)
