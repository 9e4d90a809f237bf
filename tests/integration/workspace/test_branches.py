"""From a worktree to the base branch, and back to the checkout."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from errors import BaseMovedError, MergeConflictError, NothingToMergeError
from tests.integration.workspace.merges import find_merge, landings
from workspace.branches import confirm, delete_branch, delete_remote_branch, move_base, push_branch
from workspace.changes import changed_files, commit_leftovers, head, is_changed
from workspace.checkout import fast_forward
from workspace.squash import make_squash, message_for, who_merged

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch, Scratch

AUTHOR = "sonnet via mission-runner"


def test_the_whole_way_of_a_task(scratch: Scratch) -> None:
    repository = scratch.repository
    base = repository.fetch_base()
    worktree = scratch.worktrees.ensure("FED-M1-01", 1, branch="feat/one", base_commit=base)
    (worktree.path / "new.txt").write_text("new\n")
    left = commit_leftovers(worktree, message="leftovers", author=AUTHOR)
    assert left is not None
    assert head(worktree) == left
    assert is_changed(repository.git, base, left)
    assert changed_files(repository.git, base, left) == ("new.txt",)
    push_branch(repository, "feat/one", left)

    message = message_for("FED-M1-01", "Do the first thing", 1)
    squash = make_squash(repository.git, base=base, head=left, message=message, author=AUTHOR)
    assert not confirm(repository, squash)
    move_base(repository, squash, base)
    assert confirm(repository, squash)
    moved = fast_forward(repository, squash)
    assert (moved.checkout, moved.moved, moved.kept) == (scratch.top, True, ())

    assert scratch.git("rev-parse", "main") == squash
    assert scratch.git("status", "--porcelain") == ""
    assert (scratch.top / "new.txt").read_text() == "new\n"
    assert scratch.git("log", "-1", "--format=%an|%cn|%s") == (
        "sonnet via mission-runner|mission-runner|FED-M1-01: Do the first thing"
    )
    assert find_merge(repository.git, repository.base_ref, "FED-M1-01") == squash
    assert find_merge(repository.git, repository.base_ref, "FED-M1-01", 2) is None
    assert find_merge(repository.git, repository.base_ref, "FED-M1-0", 1) is None

    scratch.worktrees.remove(worktree)
    assert not worktree.path.exists()
    assert delete_branch(repository, "feat/one", left)
    assert delete_remote_branch(repository, "feat/one", left)
    assert delete_remote_branch(repository, "feat/one", left)  # it is gone already
    assert scratch.git("branch", "--list", "feat/one") == ""
    scratch.git("fsck", "--strict")


def test_a_merge_tells_its_mission(scratch: Scratch) -> None:
    """Two task files in one repository may have rows of the same name."""
    repository = scratch.repository
    base = repository.fetch_base()
    head = scratch.branch("work", {"a.txt": "a\n"})
    message = message_for("A", "Do it", 1, mission="theirs/TASKS.md")
    squash = make_squash(repository.git, base=base, head=head, message=message, author="X")
    assert [one.mission for one in landings(repository.git, squash, "A", 1)] == ["theirs/TASKS.md"]
    silent = make_squash(
        repository.git, base=base, head=head, message=message_for("A", "", 1), author="X"
    )
    assert [one.mission for one in landings(repository.git, silent, "A", 1)] == [""]


def test_a_moved_base_is_told_apart(scratch: Scratch) -> None:
    repository = scratch.repository
    base = repository.fetch_base()
    one = scratch.branch("one", {"one.txt": "1"})
    two = scratch.branch("two", {"two.txt": "2"})
    first, second = (
        make_squash(repository.git, base=base, head=tip, message="m", author=AUTHOR)
        for tip in (one, two)
    )
    move_base(repository, first, base)
    with pytest.raises(BaseMovedError):
        move_base(repository, second, base)
    move_base(repository, first, base)  # again after a crash: it is there already
    again = make_squash(repository.git, base=first, head=two, message="m", author=AUTHOR)
    move_base(repository, again, first)
    assert scratch.git("ls-tree", "--name-only", again).split() == [
        "TASKS.md", "file.txt", "one.txt", "two.txt",
    ]  # fmt: skip


def test_of_two_landings_at_once_exactly_one_wins(scratch: Scratch) -> None:
    repository = scratch.repository
    base = repository.fetch_base()
    squashes = [
        make_squash(
            repository.git,
            base=base,
            head=scratch.branch(f"b{number}", {f"{number}.txt": "x"}),
            message=str(number),
            author=AUTHOR,
        )
        for number in range(4)
    ]
    outcomes: list[str] = []
    gate = threading.Barrier(len(squashes))

    def go(squash: str) -> None:
        gate.wait()
        try:
            move_base(scratch.repository, squash, base)
            outcomes.append("landed")
        except BaseMovedError:
            outcomes.append("moved")

    threads = [threading.Thread(target=go, args=(squash,)) for squash in squashes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["landed", "moved", "moved", "moved"]
    assert repository.fetch_base() in squashes


def test_a_conflict_names_files_and_who_merged_them(scratch: Scratch) -> None:
    repository = scratch.repository
    base = repository.fetch_base()
    mine = scratch.branch("mine", {"file.txt": "mine\n", "other.txt": "o"})
    theirs = scratch.branch("theirs", {"file.txt": "theirs\n"})
    squash = make_squash(
        repository.git,
        base=base,
        head=theirs,
        message=message_for("A-2", "Their work", 3),
        author=AUTHOR,
    )
    move_base(repository, squash, base)
    with pytest.raises(MergeConflictError) as caught:
        make_squash(repository.git, base=squash, head=mine, message="m", author=AUTHOR)
    assert caught.value.files == ("file.txt",)
    (touch,) = who_merged(repository.git, base=squash, head=mine, files=caught.value.files)
    assert (touch.commit, touch.task, touch.files) == (squash, "A-2", ("file.txt",))
    assert touch.subject == "A-2: Their work"


def test_nothing_to_merge_is_told_apart(scratch: Scratch) -> None:
    repository = scratch.repository
    base = repository.fetch_base()
    same = scratch.branch("same", {})
    with pytest.raises(NothingToMergeError):
        make_squash(repository.git, base=base, head=same, message="m", author=AUTHOR)


def test_a_sha256_repository_works(make_scratch: MakeScratch, tmp_path: Path) -> None:
    scratch = make_scratch(object_format="sha256")
    test_the_whole_way_of_a_task(scratch)


@pytest.mark.parametrize("said", ["by the base", "by what is checked out"])
def test_a_merge_is_decided_by_the_attributes_of_the_base(scratch: Scratch, said: str) -> None:
    committed = {".gitattributes": "file.txt merge=union\n"} if said == "by the base" else {}
    scratch.commit(committed)
    left = scratch.branch("work", {"file.txt": "one\ntwo\nthree\ntheirs\n"})
    tip = scratch.commit({"file.txt": "one\ntwo\nthree\nours\n"})
    attributes = scratch.top / ".gitattributes"
    if said == "by the base":
        attributes.unlink()
        git = scratch.repository.git
        squash = make_squash(git, base=tip, head=left, message="m", author=AUTHOR)
        assert scratch.git("show", f"{squash}:file.txt").endswith("ours\ntheirs")
    else:
        attributes.write_text("file.txt merge=union\n")
        with pytest.raises(MergeConflictError):
            make_squash(scratch.repository.git, base=tip, head=left, message="m", author=AUTHOR)
