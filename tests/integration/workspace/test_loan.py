"""A worktree that is lent: what is changed in its repository stays there, its commits come back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from errors import GitError
from mission.place import Place
from tests.integration.workspace.conftest import git
from workspace.changes import commit_leftovers, head
from workspace.repository import Repository
from workspace.worktree import Worktree
from workspace.worktrees import Worktrees

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch, Scratch


@pytest.fixture
def scratch(make_scratch: MakeScratch) -> Scratch:
    return make_scratch()


def ensure(scratch: Scratch, worktrees: Worktrees | None = None) -> Worktree:
    made = worktrees or scratch.worktrees
    base = scratch.repository.base_tip()
    return made.ensure("T-1", 1, branch="feat/t", base_commit=base)


def common(worktree: Worktree) -> dict[str, bytes]:
    """What all worktrees share, by path, but for objects and for what is the runner's."""
    top = worktree.git_dir.parents[1]
    shared = ("config", "config.worktree", "hooks", "info", "logs/refs", "packed-refs", "refs")
    files = [path for name in shared for path in (top / name, *(top / name).rglob("*"))]
    return {str(path.relative_to(top)): path.read_bytes() for path in files if path.is_file()}


def test_what_all_worktrees_share_is_changed_for_nobody_else(scratch: Scratch) -> None:
    (scratch.top / "file.txt").write_text("half an idea")
    scratch.git("stash", "push", "--quiet", "-m", "mine")
    scratch.git("branch", "other")
    worktree, there = ensure(scratch), scratch.folder / "worktrees" / "T-1-1"
    before = common(worktree)
    with scratch.worktrees.lent(worktree):
        assert git(there, "stash", "list") == ""
        assert git(there, "rev-parse", "other", "origin/main", "HEAD").count("\n") == 2
        git(there, "config", "user.name", "Bot")
        git(there, "config", "core.hooksPath", ".husky")
        git(there, "remote", "set-url", "origin", "elsewhere")
        git(there, "branch", "--force", "main", scratch.commit({"n.txt": "n"}, folder=there))
        git(there, "branch", "--quiet", "-D", "other")
        git(there, "reset", "--quiet", "--hard", "HEAD~")
        own = Path(git(there, "rev-parse", "--path-format=absolute", "--git-common-dir"))
        (own / "hooks").mkdir(exist_ok=True)
        (own / "hooks" / "pre-push").write_text("#!/bin/sh\n")
        (own / "info" / "attributes").write_text("* ident\n")
        git(there, "--git-dir", str(own), "init", "--quiet")
        git(there, "gc", "--quiet", "--prune=now")
    [kept] = scratch.git("for-each-ref", "--format=%(refname)", "refs/mission-runner").split()
    assert scratch.git("show", f"{kept}:n.txt") == "n"  # what it committed on main, of its own
    scratch.git("update-ref", "-d", kept)
    assert common(worktree) == before
    assert scratch.git("show", "stash@{0}:file.txt") == "half an idea"


def test_what_was_committed_comes_back_and_what_is_staged(scratch: Scratch) -> None:
    worktree = ensure(scratch)
    with scratch.worktrees.lent(worktree):
        done = scratch.commit({"a.txt": "a"}, folder=worktree.path)
        (worktree.path / ".gitignore").write_text("ignored.txt\n")
        (worktree.path / "ignored.txt").write_text("i")
        git(worktree.path, "add", "--force", ".gitignore", "ignored.txt")
    assert head(worktree) == done == scratch.git("rev-parse", "feat/t")
    assert git(worktree.path, "status", "--porcelain") == "A  .gitignore\nA  ignored.txt"
    commit_leftovers(worktree, message="left", author="a")
    assert scratch.git("show", "feat/t:ignored.txt") == "i"


def test_a_loan_that_a_killed_run_left_is_ended_by_the_next(scratch: Scratch) -> None:
    worktree = ensure(scratch)
    lent = scratch.worktrees.lent(worktree)
    lent.__enter__()  # and nobody ever leaves
    done = scratch.commit({"a.txt": "a"}, folder=worktree.path)
    (worktree.path / "b.txt").write_text("b")
    again = ensure(scratch)
    assert again.reused
    assert head(again) == done == scratch.git("rev-parse", "feat/t")
    assert git(again.path, "status", "--porcelain") == "?? b.txt"
    assert Path(git(again.path, "rev-parse", "--absolute-git-dir")) == worktree.git_dir


@pytest.mark.parametrize("gone", ["folder", "folder and record", "row"])
def test_commits_of_a_loan_that_nobody_ends_are_kept(scratch: Scratch, gone: str) -> None:
    worktree = ensure(scratch)
    scratch.worktrees.lent(worktree).__enter__()
    done = scratch.commit({"a.txt": "a"}, folder=worktree.path)
    if gone == "row":  # its branch was given to another
        nobody = Worktrees(scratch.repository, worktree.path.parent, in_use=frozenset[Path])
        other = nobody.ensure("T-2", 1, branch="feat/t", base_commit=worktree.base_commit)
        assert head(other) == done
        return
    worktree.path.rename(worktree.path.with_name("away"))
    if gone == "folder and record":
        scratch.git("worktree", "prune")
    ensure(scratch)
    scratch.git("gc", "--quiet", "--prune=now")
    assert done in scratch.git("log", "--all", "--format=%H").split()


def test_what_was_done_in_worktrees_within_it_is_brought_home(scratch: Scratch) -> None:
    worktree = ensure(scratch)
    there = worktree.path
    inner = there / ".claude" / "worktrees" / "part"
    with scratch.worktrees.lent(worktree):
        (there / "outer.txt").write_text("o")
        git(there, "worktree", "add", "--quiet", "-b", "worktree-part", str(inner))
        git(there, "worktree", "add", "--quiet", "--detach", str(there / "second"))
        scratch.commit({"committed.txt": "c"}, folder=inner)
        (inner / "left.txt").write_text("l")
        (inner / "file.txt").unlink()
        (there / "second" / "more.txt").write_text("m")
    assert not inner.exists()
    assert not (there / "second").exists()
    assert "worktree-part" not in scratch.git("branch", "--all")
    commit_leftovers(worktree, message="left", author="a")
    assert git(there, "status", "--porcelain") == ""
    files = set(scratch.git("ls-tree", "-r", "--name-only", "feat/t").split())
    assert files >= {"outer.txt", "committed.txt", "left.txt", "more.txt"}
    assert "file.txt" not in files
    assert scratch.git("for-each-ref", "refs/mission-runner") == ""
    assert commit_leftovers(worktree, message="left", author="a") is None


def test_what_conflicts_with_work_in_a_worktree_within_is_kept(scratch: Scratch) -> None:
    worktree = ensure(scratch)
    with scratch.worktrees.lent(worktree):
        git(worktree.path, "worktree", "add", "--quiet", str(worktree.path / "in"))
        (worktree.path / "in" / "file.txt").write_text("one")
        (worktree.path / "file.txt").write_text("two")
    with pytest.raises(GitError, match=r"conflict in file\.txt"):
        commit_leftovers(worktree, message="left", author="a")
    (kept,) = scratch.git("for-each-ref", "--format=%(refname)", "refs/mission-runner").split()
    assert scratch.git("show", f"{kept}:file.txt") == "one"


@pytest.mark.parametrize("place", [".", "..", ".git", "src"])
def test_what_only_looks_like_a_worktree_within_is_left(scratch: Scratch, place: str) -> None:
    worktree = ensure(scratch)
    (worktree.path / "src").mkdir()
    (worktree.path / "src" / "a.txt").write_text("a")
    with scratch.worktrees.lent(worktree):
        own = Path(git(worktree.path, "rev-parse", "--absolute-git-dir"))
        record = own / "worktrees" / "planted"
        record.mkdir(parents=True)
        (record / "HEAD").write_text("ref: refs/heads/main\n")
        (record / "gitdir").write_text(f"{worktree.path / place}/.git\n")
    assert (worktree.path / "src" / "a.txt").exists()
    assert git(worktree.path, "rev-parse", "--absolute-git-dir") == str(worktree.git_dir)


def test_a_branch_that_was_moved_meanwhile_is_joined(scratch: Scratch) -> None:
    worktree = ensure(scratch)
    with scratch.worktrees.lent(worktree):
        theirs = scratch.commit({"a.txt": "a"}, folder=worktree.path)
        mine = scratch.branch("mine", {"b.txt": "b"})
        scratch.git("update-ref", "refs/heads/feat/t", mine)
    commit_leftovers(worktree, message="left", author="a")
    for commit in (theirs, mine):
        scratch.git("merge-base", "--is-ancestor", commit, "feat/t")


def test_what_does_not_return_changes_nothing(scratch: Scratch) -> None:
    worktree = ensure(scratch)
    with scratch.worktrees.lent(worktree, returns=False):
        scratch.commit({"a.txt": "a"}, folder=worktree.path)
    assert head(worktree) == worktree.base_commit == scratch.git("rev-parse", "feat/t")
    assert scratch.git("for-each-ref", "refs/mission-runner") == ""


@pytest.mark.parametrize("what", ["HEAD", "index", "objects", "all"])
def test_a_repository_of_its_own_that_was_destroyed_leaves_the_files(
    scratch: Scratch, what: str, tmp_path: Path
) -> None:
    worktree = ensure(scratch)
    with scratch.worktrees.lent(worktree):
        own = Path(git(worktree.path, "rev-parse", "--absolute-git-dir"))
        (own if what == "all" else own / what).rename(tmp_path / "away")
        if what == "HEAD":
            os.mkfifo(own / what)  # whoever reads it waits for ever
        (worktree.path / "a.txt").write_text("a")
    commit_leftovers(worktree, message="left", author="a")
    assert scratch.git("show", "feat/t:a.txt") == "a"


def test_it_has_the_settings_and_hooks_of_the_repository(scratch: Scratch) -> None:
    top = scratch.top
    (top / ".git" / "more").write_text("[user]\n\tname = Included\n")
    scratch.git("config", "include.path", "more")
    scratch.git("config", "core.abbrev", "12")
    hook = top / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    worktree = ensure(scratch)
    with scratch.worktrees.lent(worktree):
        assert git(worktree.path, "config", "user.name") == "Included"
        assert git(worktree.path, "config", "core.abbrev") == "12"
        git(worktree.path, "commit", "--allow-empty", "-m", "x", code=1)


def test_the_mission_is_still_the_one_of_the_repository(scratch: Scratch) -> None:
    worktree = ensure(scratch)
    with scratch.worktrees.lent(worktree):
        lent = Place.find(str(worktree.path))
    assert lent.state_dir == Place.find(str(scratch.top)).state_dir


@pytest.mark.parametrize("kind", ["shallow", "bare", "partial", "sha256", "split", "sparse"])
def test_repositories_of_every_kind_are_lent(
    make_scratch: MakeScratch, tmp_path: Path, kind: str
) -> None:
    scratch = make_scratch(object_format="sha256" if kind == "sha256" else "sha1")
    scratch.commit({"deep/x.txt": "x", "file.txt": "changed\n"})
    scratch.push()
    assert scratch.remote is not None
    for name in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        git(scratch.remote, "config", name, "true")
    options = {
        "shallow": ["--depth=1"],
        "bare": ["--bare"],
        "partial": ["--filter=blob:none", "--sparse"],
    }
    top = tmp_path / "other"
    git(tmp_path, "clone", "-q", *options.get(kind, []), f"file://{scratch.remote}", str(top))
    if kind == "bare":
        git(top, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
        git(top, "config", "extensions.worktreeConfig", "true")
        git(top, "fetch", "--quiet")
    elif kind == "split":
        git(top, "config", "core.splitIndex", "true")
        git(top, "update-index", "--split-index")
    elif kind == "sparse":
        git(top, "sparse-checkout", "set", "none")
    repository = Repository.open(top)
    worktrees = Worktrees(repository, tmp_path / "worktrees")
    base = repository.base_tip()
    worktree = worktrees.ensure("T-1", 1, branch="feat/t", base_commit=base)
    with worktrees.lent(worktree):
        assert git(worktree.path, "status", "--porcelain") == ""
        done = scratch.commit({"a.txt": "a"}, folder=worktree.path)
        (worktree.path / "b.txt").write_text("b")
        git(worktree.path, "add", "b.txt")
    assert head(worktree) == done
    commit_leftovers(worktree, message="left", author="a")
    assert git(top, "diff", "--name-only", base, "feat/t") == "a.txt\nb.txt"
    git(top, "fsck", "--connectivity-only")
