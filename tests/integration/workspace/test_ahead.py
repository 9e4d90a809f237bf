"""Without a remote the base may be further on than its branch, until the checkout can follow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from errors import BaseMovedError, CheckoutBlockedError
from tests.integration.workspace.conftest import git
from tests.integration.workspace.test_checkout import followed, landed
from workspace import ahead
from workspace.branches import move_base
from workspace.checkout import fast_forward
from workspace.git import Git
from workspace.repository import Repository
from workspace.status_commit import commit_files

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch, Scratch

FURTHER = ahead.ref_of("main")


@pytest.fixture
def alone(make_scratch: MakeScratch) -> Scratch:
    return make_scratch(remote=False)


def further(scratch: Scratch) -> str | None:
    return Git(scratch.top).commit(FURTHER)


def test_branch_and_files_stay_where_they_are_until_the_checkout_follows(alone: Scratch) -> None:
    first = landed(alone, {"file.txt": "one\n"}, "w1")
    second = landed(alone, {"new.txt": "n"}, "w2")
    assert alone.git("rev-parse", f"{second}^") == first
    assert alone.git("status", "--porcelain") == ""
    assert alone.repository.base_tip() == second
    assert alone.repository.base_name == "mission-runner/base/main"
    followed(alone, second)
    assert alone.git("status", "--porcelain") == ""
    assert (alone.top / "file.txt").read_text() == "one\n"
    assert further(alone) is None
    assert alone.repository.base_name == "main"


def test_files_that_a_crash_left_at_the_merge_may_be_committed(alone: Scratch) -> None:
    """Killed after files and index, before the branch: what was merged looks staged."""
    commit = landed(alone, {"file.txt": "theirs\n", "new.txt": "n"})
    alone.git("read-tree", "-m", "-u", "main", commit)
    alone.git("commit", "--quiet", "--all", "-m", "whatever was there")
    repository = alone.repository
    tip = repository.fetch_base()
    assert fast_forward(repository, tip).moved
    assert alone.git("rev-parse", "main") == tip
    assert alone.git("merge-base", tip, commit) == commit
    assert alone.git("status", "--porcelain") == ""
    assert further(alone) is None


def test_a_branch_that_is_moved_meanwhile_is_not_merged_over(alone: Scratch) -> None:
    repository = alone.repository
    base = repository.fetch_base()
    own = repository.git
    made = own.written(base).commit(
        own.tree(base), message="m", author="a <a@b> 1 +0000", committer="a <a@b> 1 +0000",
        parents=[base],
    )  # fmt: skip
    mine = alone.commit({"mine.txt": "m"})
    with pytest.raises(BaseMovedError):
        move_base(repository, made, base)
    assert (repository.base_tip(), further(alone)) == (mine, None)
    landed(alone, {"new.txt": "n"})
    with pytest.raises(BaseMovedError):
        move_base(repository, made, base)


def test_commits_of_a_person_are_joined_with_what_was_merged(alone: Scratch) -> None:
    commit = landed(alone, {"new.txt": "n"})
    mine = alone.commit({"mine.txt": "m"})
    repository = alone.repository
    assert repository.base_tip() == commit
    tip = repository.fetch_base()
    assert alone.git("rev-parse", f"{tip}^1", f"{tip}^2").split() == [commit, mine]
    assert repository.fetch_base() == tip
    followed(alone, tip)


@pytest.mark.parametrize("switched", [False, True])
def test_commits_that_conflict_wait_for_what_is_printed(alone: Scratch, switched: bool) -> None:
    commit = landed(alone, {"file.txt": "theirs\n"})
    mine = alone.commit({"file.txt": "mine\n"})
    if switched:
        alone.git("switch", "--quiet", "--create", "other")
    repository = alone.repository
    assert repository.fetch_base() == commit
    with pytest.raises(CheckoutBlockedError, match=r"conflict with it in file\.txt") as refused:
        fast_forward(repository, commit)
    assert alone.git("rev-parse", "main") == mine
    first = "git switch main && " if switched else ""
    assert refused.value.hint.startswith(f"`{first}git merge mission-runner/base/main`")


def test_a_task_file_never_conflicts(alone: Scratch) -> None:
    commit = landed(alone, {"TASKS.md": "statuses\n", "new.txt": "n"})
    alone.commit({"TASKS.md": "older statuses, and an edit\n"})
    repository = Repository.open(alone.top)
    assert repository.fetch_base() == commit
    assert ahead.conflicts(repository.git, "main", None) == ("TASKS.md",)
    assert ahead.conflicts(repository.git, "main", "TASKS.md") == ()
    tip = ahead.join(repository.git, "main", "TASKS.md")
    assert alone.git("show", f"{tip}:TASKS.md") == "older statuses, and an edit"
    assert alone.git("show", f"{tip}:new.txt") == "n"


def test_a_branch_that_is_being_rebased_is_left_to_git(alone: Scratch) -> None:
    alone.commit({"file.txt": "one\n"})
    alone.commit({"file.txt": "two\n"})
    commit = landed(alone, {"new.txt": "n"})
    alone.git("-c", "sequence.editor=sed -i 1d", "rebase", "-i", "HEAD~2", code=1)
    repository = alone.repository
    with pytest.raises(CheckoutBlockedError, match="in the middle of a rebase"):
        fast_forward(repository, commit)
    (alone.top / "file.txt").write_text("two\n")
    alone.git("add", "file.txt")
    alone.git("-c", "core.editor=true", "rebase", "--continue")
    tip = repository.fetch_base()
    followed(alone, tip)
    assert alone.git("merge-base", tip, commit) == commit


def test_a_worktree_of_a_bare_repository_is_a_checkout(alone: Scratch) -> None:
    alone.git("clone", "--quiet", "--bare", ".", "../bare.git")
    bare = alone.folder / "bare.git"
    Git(bare).run("worktree", "add", "--quiet", "../work", "main")
    repository = Repository.open(bare, remote=None)
    assert repository.bare
    base = repository.fetch_base()
    git = repository.git
    blob = git.run("hash-object", "-w", "--stdin", input=b"n").text
    tree = git.run("mktree", input=f"100644 blob {blob}\tfile.txt\n").text
    made = git.written(base).commit(
        tree, message="m", author="a <a@b> 1 +0000", committer="a <a@b> 1 +0000", parents=[base]
    )
    move_base(repository, made, base)
    assert fast_forward(repository, made).checkout == alone.folder / "work"
    assert (alone.folder / "work" / "file.txt").read_text() == "n"
    assert Git(alone.folder / "work").text("status", "--porcelain") == ""


def odd(folder: Path, kind: str) -> Path:
    """A repository without a remote that is not as usual."""
    top = folder / "odd"
    options = ["--object-format=sha256"] if kind == "sha256" else []
    git(folder, "init", "--quiet", "--initial-branch=main", *options, str(top))
    for name in ("user.name", "user.email"):
        git(top, "config", name, "a")
    for path in ("here/file.txt", "there/file.txt", "TASKS.md"):
        (top / path).parent.mkdir(exist_ok=True)
        (top / path).write_text("one\ntwo\n")
    git(top, "add", ".")
    git(top, "commit", "--quiet", "-m", "begin")
    match kind:
        case "sparse":
            git(top, "sparse-checkout", "set", "here")
        case "autocrlf":
            git(top, "config", "core.autocrlf", "true")
            git(top, "rm", "--quiet", "-r", "--cached", ".")
            git(top, "reset", "--quiet", "--hard")
        case "ignorecase":
            git(top, "config", "core.ignorecase", "true")
        case "submodule":
            git(top, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "./", "sub")
            git(top, "commit", "--quiet", "-m", "submodule")
    return top


@pytest.mark.parametrize("kind", ["sha256", "sparse", "autocrlf", "ignorecase", "submodule"])
def test_odd_repositories(tmp_path: Path, kind: str) -> None:
    top = odd(tmp_path, kind)
    repository = Repository.open(top)
    base = repository.fetch_base()
    (top / "TASKS.md").write_text("statuses\n")
    files = {"here/file.txt": b"merged\n", "there/file.txt": b"merged\n", "new.txt": b"n\n"}
    made = commit_files(repository.git, base=base, files=files, message="m")
    assert made is not None
    move_base(repository, made, base)
    (top / "here" / "file.txt").write_text("mine\n")
    with pytest.raises(CheckoutBlockedError) as refused:
        fast_forward(repository, made)
    assert refused.value.files == ("here/file.txt",)
    git(top, "commit", "--quiet", "-m", "mine", "--allow-empty")
    git(top, "checkout", "--quiet", "here/file.txt")
    tip = repository.fetch_base()
    assert fast_forward(repository, tip).moved
    assert git(top, "rev-parse", "main", f"{tip}^1").split() == [tip, made]
    assert git(top, "status", "--porcelain") == " M TASKS.md"
    assert (top / "here" / "file.txt").read_text() == "merged\n"
    assert (top / "there" / "file.txt").exists() == (kind != "sparse")
    assert Git(top).commit(FURTHER) is None
    repository.close()
