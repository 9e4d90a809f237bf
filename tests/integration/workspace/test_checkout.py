"""The checkout follows the base and never loses what a person has in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from errors import CheckoutBlockedError
from workspace import checkout
from workspace.branches import move_base
from workspace.checkout import fast_forward
from workspace.repository import Repository
from workspace.squash import make_squash
from workspace.status_commit import commit_files, committed

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch, Scratch


def landed(scratch: Scratch, files: dict[str, str | None], name: str = "work") -> str:
    """A change on the base that the checkout has not seen yet."""
    repository = scratch.repository
    base = repository.fetch_base()
    squash = make_squash(
        repository.git, base=base, head=scratch.branch(name, files, start=base), message=name,
        author="a",
    )  # fmt: skip
    move_base(repository, squash, base)
    return squash


def refused(scratch: Scratch, commit: str, *files: str) -> None:
    """The fast-forward is refused with these files, and nothing is touched."""
    before = scratch.git("status", "--porcelain", "--ignored"), snapshot(scratch)
    with pytest.raises(CheckoutBlockedError) as caught:
        fast_forward(scratch.repository, commit)
    assert caught.value.files == files
    assert (scratch.git("status", "--porcelain", "--ignored"), snapshot(scratch)) == before


def snapshot(scratch: Scratch) -> dict[str, bytes]:
    return {
        str(path.relative_to(scratch.top)): path.read_bytes()
        for path in scratch.top.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(scratch.top).parts
    }


def followed(scratch: Scratch, commit: str) -> None:
    assert fast_forward(scratch.repository, commit).moved
    assert scratch.git("rev-parse", "HEAD", "main").split() == [commit, commit]
    assert not fast_forward(scratch.repository, commit).moved


def test_changes_that_are_not_in_the_way_stay(scratch: Scratch) -> None:
    scratch.commit({"staged.txt": "s", "mine.txt": "m"})
    scratch.push()
    commit = landed(scratch, {"new.txt": "n", "file.txt": None})
    (scratch.top / "mine.txt").write_text("edited")
    (scratch.top / "staged.txt").write_text("staged")
    scratch.git("add", "staged.txt")
    (scratch.top / "untracked.txt").write_text("u")
    followed(scratch, commit)
    assert scratch.git("status", "--porcelain").split("\n") == [
        " M mine.txt",
        "M  staged.txt",
        "?? untracked.txt",
    ]
    assert (scratch.top / "new.txt").read_text() == "n"
    assert not (scratch.top / "file.txt").exists()


def test_an_edited_file_is_in_the_way(scratch: Scratch) -> None:
    commit = landed(scratch, {"file.txt": "theirs\n", "new.txt": "n"})
    (scratch.top / "file.txt").write_text("mine\n")
    refused(scratch, commit, "file.txt")
    (scratch.top / "file.txt").write_text("theirs\n")  # the person did the same
    followed(scratch, commit)
    assert scratch.git("status", "--porcelain") == ""


def test_a_staged_file_is_in_the_way(scratch: Scratch) -> None:
    commit = landed(scratch, {"file.txt": "theirs\n"})
    (scratch.top / "file.txt").write_text("only in the index\n")
    scratch.git("add", "file.txt")
    (scratch.top / "file.txt").write_text("theirs\n")
    refused(scratch, commit, "file.txt")


def test_a_deleted_file_is_in_the_way(scratch: Scratch) -> None:
    commit = landed(scratch, {"file.txt": "theirs\n"})
    (scratch.top / "file.txt").unlink()
    refused(scratch, commit, "file.txt")


@pytest.mark.parametrize("ignored", [False, True])
def test_an_untracked_file_is_in_the_way(scratch: Scratch, ignored: bool) -> None:
    if ignored:
        scratch.commit({".gitignore": "new.txt\n"})
        scratch.push()
    repository = scratch.repository
    base = repository.fetch_base()
    git = repository.git
    made = commit_files(git, base=base, files={"new.txt": b"theirs\n"}, message="m")
    assert made is not None
    move_base(repository, made, base)
    (scratch.top / "new.txt").write_text("mine\n")
    refused(scratch, made, "new.txt")
    (scratch.top / "new.txt").write_text("theirs\n")
    followed(scratch, made)


def test_a_file_that_was_only_touched_is_not_in_the_way(scratch: Scratch) -> None:
    commit = landed(scratch, {"file.txt": "theirs\n"})
    os.utime(scratch.top / "file.txt", (1, 1))
    followed(scratch, commit)


def test_a_branch_that_is_left_as_the_checkout_follows_takes_nothing_along(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = landed(scratch, {"file.txt": "theirs\n", "new.txt": "n", "TASKS.md": "done\n"})
    (scratch.top / "TASKS.md").write_text("written\n")
    move = checkout._move_branch

    def left(repository: Repository, tip: str, to: str) -> None:
        scratch.git("switch", "--quiet", "--create", "other")
        move(repository, tip, to)

    monkeypatch.setattr(checkout, "_move_branch", left)
    fast_forward(scratch.repository, commit)
    assert scratch.git("rev-parse", "main", "other^0").split() == [
        commit,
        scratch.git("rev-parse", f"{commit}^"),
    ]
    assert scratch.git("status", "--porcelain") in ("M TASKS.md", " M TASKS.md", "?? TASKS.md")
    assert (scratch.top / "TASKS.md").read_text() == "written\n"
    assert not (scratch.top / "new.txt").exists()


def test_files_and_folders_in_each_others_place(scratch: Scratch) -> None:
    commit = landed(scratch, {"a/b.txt": "n", "c": "file"})
    (scratch.top / "a").write_text("mine")
    (scratch.top / "c").mkdir()
    (scratch.top / "c" / "mine.txt").write_text("mine")
    refused(scratch, commit, "a", "c/mine.txt")
    (scratch.top / "a").unlink()
    (scratch.top / "a").symlink_to(scratch.folder)
    refused(scratch, commit, "a", "c/mine.txt")
    (scratch.top / "a").unlink()
    (scratch.top / "c" / "mine.txt").unlink()
    followed(scratch, commit)
    assert scratch.git("status", "--porcelain") == ""


def test_a_folder_becomes_a_file_and_back(scratch: Scratch) -> None:
    scratch.commit({"d/one.txt": "1", "d/two.txt": "2"})
    scratch.push()
    followed(scratch, landed(scratch, {"d/one.txt": None, "d/two.txt": None, "d ": "x"}, "w1"))
    followed(scratch, landed(scratch, {"d": "now a file"}, "w2"))
    followed(scratch, landed(scratch, {"d": None, "e": "x"}, "w3"))
    followed(scratch, landed(scratch, {"d/one.txt": "again"}, "w4"))
    assert scratch.git("status", "--porcelain") == ""


def test_the_task_file_is_never_in_the_way(scratch: Scratch) -> None:
    commit = landed(scratch, {"TASKS.md": "their plan\n", "new.txt": "n"})
    (scratch.top / "TASKS.md").write_text("plan\nwith statuses\n")
    moved = fast_forward(scratch.repository, commit)
    assert moved.kept == ("TASKS.md",)
    assert (scratch.top / "TASKS.md").read_text() == "plan\nwith statuses\n"
    assert scratch.git("status", "--porcelain") == " M TASKS.md"
    assert scratch.git("rev-parse", "HEAD") == commit


def test_a_status_commit_takes_the_checkout_along(scratch: Scratch) -> None:
    repository = scratch.repository
    base = repository.fetch_base()
    (scratch.top / "TASKS.md").write_text("plan, done\n")
    made = commit_files(
        repository.git, base=base, files={"TASKS.md": b"plan, done\n"}, message="Status"
    )
    assert made is not None
    move_base(repository, made, base)
    followed(scratch, made)
    assert scratch.git("status", "--porcelain") == ""
    assert scratch.git("show", "--format=%an|%s", "--name-only", made).split("\n") == [
        "mission-runner|Status", "", "TASKS.md",
    ]  # fmt: skip
    again = commit_files(
        repository.git, base=made, files={"TASKS.md": b"plan, done\n"}, message="Status"
    )
    assert again is None


def test_a_status_commit_in_a_folder_with_modes_and_line_ends(scratch: Scratch) -> None:
    scratch.commit({"docs/plans/TASKS.md": "a\n", "docs/x": "x", ".gitattributes": "*.md eol=crlf"})
    (scratch.top / "docs/plans/TASKS.md").chmod(0o755)
    base = scratch.commit({})
    scratch.push()
    git = scratch.repository.git
    made = commit_files(git, base=base, files={"docs/plans/TASKS.md": b"b\r\n"}, message="m")
    assert made is not None
    assert git.text("diff-tree", "-r", "--name-only", base, made) == "docs/plans/TASKS.md"
    assert git.text("ls-tree", made, "docs/plans/TASKS.md").startswith("100755 ")
    assert git.run("cat-file", "blob", f"{made}:docs/plans/TASKS.md").stdout == "b\n"
    assert committed(git, made, "docs/plans/TASKS.md") == b"b\r\n"
    assert committed(git, made, "docs/none") is None


@pytest.mark.parametrize("place", ["another branch", "detached", "elsewhere"])
def test_who_works_on_something_else_is_not_disturbed(scratch: Scratch, place: str) -> None:
    if place == "detached":
        scratch.git("switch", "--quiet", "--detach")
    else:
        scratch.git("switch", "--quiet", "--create", "person")
    other = scratch.folder / "other"
    if place == "elsewhere":
        scratch.git("worktree", "add", "--quiet", str(other), "main")
    (scratch.top / "file.txt").write_text("mine\n")
    head = scratch.git("rev-parse", "HEAD")
    commit = landed(scratch, {"file.txt": "theirs\n"})
    moved = fast_forward(scratch.repository, commit)
    assert moved.checkout == (other if place == "elsewhere" else None)
    assert scratch.git("rev-parse", "main", "HEAD").split() == [commit, head]
    assert (scratch.top / "file.txt").read_text() == "mine\n"
    if place == "elsewhere":
        assert (other / "file.txt").read_text() == "theirs\n"


def test_commits_that_were_never_pushed_are_in_the_way(make_scratch: MakeScratch) -> None:
    scratch = make_scratch()
    commit = landed(scratch, {"new.txt": "n"})
    mine = scratch.commit({"mine.txt": "m"})
    with pytest.raises(CheckoutBlockedError, match="commits that the base has not"):
        fast_forward(scratch.repository, commit)
    assert scratch.git("rev-parse", "HEAD") == mine


@pytest.mark.parametrize("conflict", [False, True])
def test_an_unfinished_merge_is_in_the_way(scratch: Scratch, conflict: bool) -> None:
    commit = landed(scratch, {"new.txt": "n"})
    start = scratch.git("rev-parse", f"{commit}^")
    scratch.branch("a", {"file.txt" if conflict else "a.txt": "a\n"}, start=start)
    scratch.git("reset", "--quiet", "--hard", start)
    scratch.commit({"file.txt" if conflict else "b.txt": "b\n"})
    scratch.git("merge", "--no-commit", "--no-ff", "a", code=1 if conflict else 0)
    scratch.git("update-ref", "--no-deref", "refs/heads/main", start)
    with pytest.raises(CheckoutBlockedError):
        fast_forward(scratch.repository, commit)
    assert scratch.git("rev-parse", "MERGE_HEAD") == scratch.git("rev-parse", "a")


def test_a_crash_between_the_steps_is_made_good(scratch: Scratch) -> None:
    commit = landed(scratch, {"file.txt": "theirs\n", "new.txt": "n", "dir/x": "x"})
    old = scratch.git("rev-parse", f"{commit}^")
    (scratch.top / "TASKS.md").write_text("statuses\n")
    # Killed while git wrote files, before it wrote the index.
    (scratch.top / "new.txt").write_text("n")
    (scratch.top / "file.txt").write_text("theirs\n")
    # Killed after the index, before the branch.
    scratch.git("add", "new.txt", "file.txt")
    scratch.git("read-tree", "-m", "-u", old, commit)
    followed(scratch, commit)
    assert scratch.git("status", "--porcelain") == " M TASKS.md"


def test_a_bare_repository_only_moves_its_branch(make_scratch: MakeScratch) -> None:
    scratch = make_scratch()
    assert scratch.remote is not None
    bare = Repository.open(scratch.remote, remote=None)
    assert bare.bare
    base = bare.fetch_base()
    made = commit_files(bare.git, base=base, files={"TASKS.md": b"x"}, message="m")
    assert made is not None
    move_base(bare, made, base)
    assert fast_forward(bare, made).checkout is None
    assert bare.base_tip() == made


def test_submodules_are_left_alone(scratch: Scratch) -> None:
    head = scratch.git("rev-parse", "HEAD")
    scratch.git("update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    (scratch.top / "sub").mkdir()
    scratch.git("commit", "--quiet", "-m", "submodule")
    scratch.push()
    commit = landed(scratch, {"new.txt": "n"})
    followed(scratch, commit)
    assert scratch.git("ls-tree", commit, "sub").split()[2] == head
