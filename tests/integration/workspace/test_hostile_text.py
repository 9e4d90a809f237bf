"""Text from outside reaches git as text: names of branches and files, tasks, descriptions."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from errors import GitError, UsageError
from tests.integration.workspace.conftest import git
from tests.integration.workspace.merges import find_merge
from workspace.changes import changed_files, commit_leftovers, head
from workspace.squash import make_squash, message_for, one_line
from workspace.status_commit import commit_files, committed

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch, Scratch
    from workspace.worktree import Worktree

few = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NASTY = ["a", "/", ".", "-", "..", "~", "^", ":", "@{", "\\", " ", "\n", "$(x)", ";", "'", '"', "é"]
nasty = st.lists(st.sampled_from(NASTY), max_size=6).map("".join) | st.text(max_size=12)
names = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20
).filter(lambda name: name not in (".", "..") and name.lower() != ".git")


@pytest.fixture
def scratch(make_scratch: MakeScratch) -> Scratch:
    return make_scratch(remote=False)


@pytest.fixture
def worktree(scratch: Scratch) -> Worktree:
    base = scratch.repository.base_tip()
    return scratch.worktrees.ensure("T-1", 1, branch="feat/t", base_commit=base)


@few
@given(name=nasty)
def test_a_branch_name_is_refused_or_is_exactly_that(scratch: Scratch, name: str) -> None:
    repository = scratch.repository
    try:
        repository.check_branch_name(name)
    except UsageError:
        return
    tip = scratch.git("rev-parse", "main")
    git(scratch.top, "branch", name, tip)
    assert repository.git.text("for-each-ref", "--format=%(refname)", "refs/heads").split("\n") == (
        sorted([f"refs/heads/{name}", "refs/heads/main"], key=str.encode)
    )
    git(scratch.top, "branch", "-D", "--", name)


@few
@given(files=st.dictionaries(names, st.binary(max_size=50), min_size=1, max_size=4))
def test_files_of_any_name_and_content_are_committed(
    worktree: Worktree, files: dict[str, bytes]
) -> None:
    before = head(worktree)
    folder = worktree.path / "new"
    assume(all(len(name.encode()) < 250 for name in files))
    git(worktree.path, "rm", "-r", "--quiet", "--ignore-unmatch", "new")
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    commit_leftovers(worktree, message="m", author="a")
    after = head(worktree)
    listed = worktree.git.run("ls-tree", "-r", "-z", "--name-only", after, "new/").fields
    assert set(listed) == {f"new/{name}" for name in files}
    for name, content in files.items():
        assert committed(worktree.git, after, f"new/{name}") == content
    assert set(changed_files(worktree.git, before, after)) <= set(
        changed_files(worktree.git, worktree.base_commit, before)
    ) | set(listed)


@few
@given(parts=st.lists(names, min_size=1, max_size=3), content=st.binary(max_size=50))
def test_a_file_of_any_name_is_committed_alone(
    scratch: Scratch, parts: list[str], content: bytes
) -> None:
    path = "/".join(["new", *parts])
    repository = scratch.repository
    base = repository.base_tip()
    made = commit_files(repository.git, base=base, files={path: content}, message="m")
    assert made is not None
    assert committed(repository.git, made, path) == content
    assert changed_files(repository.git, base, made) == (path,)
    git(scratch.top, "fsck", "--strict", "--no-dangling", made)


@few
@given(
    task=nasty.filter(str.strip),
    description=st.text(max_size=200) | nasty,
    attempt=st.integers(1, 99),
)
def test_a_landed_attempt_is_found_whatever_its_text(
    scratch: Scratch, task: str, description: str, attempt: int
) -> None:
    assume(one_line(task))
    repository = scratch.repository
    base = repository.base_tip()
    work = commit_files(repository.git, base=base, files={"x": b"x"}, message="work")
    assert work is not None
    message = message_for(task, description, attempt)
    squash = make_squash(repository.git, base=base, head=work, message=message, author=description)
    assert find_merge(repository.git, f"{base}..{squash}", task, attempt) == squash
    assert find_merge(repository.git, f"{base}..{squash}", task, attempt + 1) is None
    assert find_merge(repository.git, f"{base}..{squash}", task + "x", attempt) is None
    lines = repository.git.run("show", "-s", "--format=%B", squash).stdout.split("\n")
    assert lines[1] == ""
    assert len(lines[0]) <= 73


def test_text_is_never_run(scratch: Scratch, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    text = f"$(touch {proof}); `touch {proof}` | touch {proof} & --upload-pack='touch {proof}'"
    worktree = scratch.worktrees.ensure(
        text, 1, branch="b", base_commit=scratch.repository.base_tip()
    )
    (worktree.path / "f").write_text("x")
    made = commit_leftovers(worktree, message=text, author=text)
    assert made is not None
    make_squash(
        scratch.repository.git, base=worktree.base_commit, head=made,
        message=message_for(text, text, 1), author=text,
    )  # fmt: skip
    with pytest.raises(UsageError):
        scratch.worktrees.ensure("T", 1, branch=text, base_commit=worktree.base_commit)
    assert not proof.exists()


def test_a_megabyte_of_description(scratch: Scratch) -> None:
    message = message_for("T-1", "word " * 200_000, 1)
    base = scratch.repository.base_tip()
    made = commit_files(scratch.repository.git, base=base, files={"x": b"x"}, message=message)
    assert made is not None
    assert find_merge(scratch.repository.git, made, "T-1") == made


def test_settings_and_variables_of_the_person_do_not_lead_astray(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    subprocess.run(["git", "init", "--quiet", str(other)], check=True)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.theirs")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "kept")
    repository = scratch.repository
    assert repository.top == scratch.top
    assert repository.git.text("config", "user.theirs") == "kept"
    assert repository.git.text("config", "core.quotePath") == "false"


@pytest.mark.parametrize(
    "name", ["../x", "..", ".", ".git", ".GIT", "git~1", "/x", "a/../b", "a//b"]
)
def test_what_nobody_could_check_out_is_not_squashed(scratch: Scratch, name: str) -> None:
    """An agent can write any tree; on the base it would keep everybody from following."""
    base = scratch.git("rev-parse", "HEAD")
    blob = git(scratch.top, "hash-object", "-w", "--stdin", data=b"x")
    content = f"100644 {name}\0".encode() + bytes.fromhex(blob)
    made = ("hash-object", "-t", "tree", "-w", "--literally", "--stdin")
    tree = git(scratch.top, *made, data=content)
    head = scratch.git("commit-tree", tree, "-p", base, "-m", "hostile")
    with pytest.raises(GitError, match="no checkout can hold"):
        make_squash(scratch.repository.git, base=base, head=head, message="m", author="a")
