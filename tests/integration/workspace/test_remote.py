"""What a remote may do: refuse, lose its answer, move, be gone, know only a part."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from errors import BaseMovedError, GitError
from tests.integration.workspace.conftest import git
from workspace.branches import (
    confirm,
    delete_branch,
    delete_remote_branch,
    move_base,
    push_branch,
    remote_tip,
)
from workspace.checkout import fast_forward
from workspace.repository import Repository
from workspace.squash import make_squash

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.workspace.conftest import MakeScratch, Scratch


@pytest.fixture
def scratch(make_scratch: MakeScratch) -> Scratch:
    return make_scratch()


def hook(scratch: Scratch, name: str, script: str) -> None:
    """A hook of the remote."""
    assert scratch.remote is not None
    path = scratch.remote / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def squashed(repository: Repository, scratch: Scratch, name: str = "work") -> tuple[str, str]:
    base = repository.fetch_base()
    tip = scratch.branch(name, {f"{name}.txt": name}, start=base)
    return base, make_squash(repository.git, base=base, head=tip, message=name, author="a")


def test_a_refusal_is_told_with_its_reason(scratch: Scratch) -> None:
    repository = scratch.repository
    base, squash = squashed(repository, scratch)
    hook(scratch, "pre-receive", "echo the branch is frozen >&2; exit 1")
    with pytest.raises(GitError, match="the branch is frozen") as caught:
        move_base(repository, squash, base)
    assert not isinstance(caught.value, BaseMovedError)
    assert repository.fetch_base() == base
    assert not confirm(repository, squash)


def test_an_answer_that_is_lost_is_made_up_for(scratch: Scratch) -> None:
    repository = scratch.repository
    base, squash = squashed(repository, scratch)
    # The receiving end dies right after it has moved the branch.
    hook(scratch, "reference-transaction", '[ "$1" = committed ] && kill -9 $PPID; exit 0')
    move_base(repository, squash, base)
    assert confirm(repository, squash)


def test_an_answer_that_is_lost_before_another_merge(scratch: Scratch) -> None:
    repository = scratch.repository
    base, squash = squashed(repository, scratch)
    move_base(repository, squash, base)
    other_base, other = squashed(repository, scratch, "other")
    move_base(repository, other, other_base)
    move_base(repository, squash, base)  # it is in there


def test_a_rewritten_base_is_seen(scratch: Scratch) -> None:
    repository = scratch.repository
    base, squash = squashed(repository, scratch)
    move_base(repository, squash, base)
    scratch.git("push", "--quiet", "--force", "origin", f"{base}:main")
    assert not confirm(repository, squash)


def test_a_remote_that_is_gone(scratch: Scratch, tmp_path: Path) -> None:
    repository = scratch.repository
    base, squash = squashed(repository, scratch)
    assert scratch.remote is not None
    scratch.remote.rename(tmp_path / "away.git")
    for action in (
        repository.fetch_base,
        lambda: move_base(repository, squash, base),
        lambda: confirm(repository, squash),
        lambda: push_branch(repository, "work", squash),
    ):
        with pytest.raises(GitError):
            action()
    (tmp_path / "away.git").rename(scratch.remote)
    move_base(repository, squash, base)


def test_an_address_with_a_password_is_not_shown(scratch: Scratch) -> None:
    scratch.git("remote", "set-url", "origin", "https://user:hunter2@127.0.0.1:1/x.git")
    with pytest.raises(GitError) as caught:
        scratch.repository.fetch_base()
    assert "hunter2" not in str(caught.value)


def test_a_remote_without_the_base(scratch: Scratch) -> None:
    assert scratch.remote is not None
    git(scratch.remote, "update-ref", "-d", "refs/heads/main")
    with pytest.raises(GitError, match="main"):
        scratch.repository.fetch_base()
    empty = Repository.open(scratch.top, base="trunk", remote=None)
    with pytest.raises(GitError, match="there is no branch trunk here"):
        empty.base_tip()


def test_a_push_goes_on_with_a_branch_but_replaces_nobodys_work(scratch: Scratch) -> None:
    repository = scratch.repository
    first = scratch.branch("feat/t", {"a": "1"})
    push_branch(repository, "feat/t", first)
    push_branch(repository, "feat/t", first)
    rebased = scratch.branch("again", {"a": "2"})
    with pytest.raises(GitError, match="commits that no attempt made"):
        push_branch(repository, "feat/t", rebased)
    assert remote_tip(repository, "feat/t") == first
    push_branch(repository, "feat/t", rebased, ours=[first])
    assert remote_tip(repository, "feat/t") == rebased


def test_only_the_branch_as_it_was_merged_is_deleted(scratch: Scratch) -> None:
    repository = scratch.repository
    first = scratch.branch("feat/t", {"a": "1"})
    push_branch(repository, "feat/t", first)
    for delete in (delete_branch, delete_remote_branch):
        assert not delete(repository, "feat/t", repository.base_tip())
    assert remote_tip(repository, "feat/t") == first
    assert delete_remote_branch(repository, "feat/t", first)
    assert remote_tip(repository, "feat/t") is None
    scratch.git("switch", "--quiet", "feat/t")
    assert not delete_branch(repository, "feat/t", first)  # somebody is on it
    scratch.git("switch", "--quiet", "main")
    for delete in (delete_branch, delete_remote_branch, delete_branch):
        assert delete(repository, "feat/t", first)
    assert repository.git.commit("refs/heads/feat/t") is None


def test_a_hook_of_the_persons_sees_every_push(scratch: Scratch) -> None:
    hooks = scratch.top / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "pre-push").write_text("#!/bin/sh\necho large files are not there >&2\nexit 1\n")
    (hooks / "pre-push").chmod(0o755)
    repository = scratch.repository
    base, squash = squashed(repository, scratch)
    with pytest.raises(GitError, match="large files are not there"):
        move_base(repository, squash, base)


def test_a_shallow_clone_is_enough(scratch: Scratch, tmp_path: Path) -> None:
    for number in range(3):
        scratch.commit({"file.txt": str(number)})
    scratch.push()
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{scratch.remote}", str(shallow))
    repository = Repository.open(shallow)
    base = repository.fetch_base()
    git(shallow, "switch", "--quiet", "--create", "work")
    tip = scratch.commit({"new.txt": "n"}, folder=shallow)
    git(shallow, "switch", "--quiet", "main")
    scratch.commit({"theirs.txt": "t"})
    scratch.push()
    moved = repository.fetch_base()
    assert moved != base
    squash = make_squash(repository.git, base=moved, head=tip, message="m", author="a")
    move_base(repository, squash, moved)
    assert confirm(repository, squash)
    assert fast_forward(repository, squash).moved
    assert git(shallow, "status", "--porcelain") == ""


def test_a_narrow_refspec_is_enough(scratch: Scratch) -> None:
    scratch.git("config", "remote.origin.fetch", "+refs/heads/other:refs/remotes/origin/other")
    repository = scratch.repository
    base, squash = squashed(repository, scratch)
    move_base(repository, squash, base)
    assert confirm(repository, squash)
    assert repository.base_tip() == squash


def test_a_worktree_that_somebody_is_just_adding_does_not_stop_a_fetch(scratch: Scratch) -> None:
    upload = scratch.top.parent / "upload-pack"
    git(scratch.top, "config", "remote.origin.uploadpack", str(upload))
    repository = scratch.repository
    assert scratch.remote is not None
    # `git worktree add` writes a HEAD of zeros first; here until the second fetch comes.
    half_made = repository.common_dir / "worktrees" / "theirs"
    half_made.mkdir(parents=True)
    (half_made / "HEAD").write_text("0" * 40 + "\n")
    (half_made / "commondir").write_text("../..\n")
    (half_made / "gitdir").write_text(f"{scratch.top.parent}/theirs/.git\n")
    upload.write_text(
        f"""#!/bin/sh
[ -e "$0.called" ] && echo {repository.base_tip()} > {half_made}/HEAD
touch "$0.called"
exec git-upload-pack "$@"
"""
    )
    upload.chmod(0o755)
    somebody = scratch.top.parent / "somebody"
    git(scratch.top.parent, "clone", "--quiet", str(scratch.remote), str(somebody))
    git(somebody, "commit", "--quiet", "--allow-empty", "-m", "their work")
    git(somebody, "push", "--quiet", "origin", "main")
    assert repository.fetch_base() == git(somebody, "rev-parse", "HEAD").strip()


def test_many_may_fetch_while_one_lands(scratch: Scratch) -> None:
    repository = scratch.repository
    failures: list[GitError] = []
    done = threading.Event()

    def fetch() -> None:
        while not done.is_set():
            try:
                # As another process would: without the lock that our own threads share.
                Repository.open(scratch.top).git.run("fetch", "--quiet", "origin", check=False)
                repository.fetch_base()
            except GitError as error:
                failures.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(5):
            base, squash = squashed(repository, scratch, f"w{number}")
            move_base(repository, squash, base)
            assert confirm(repository, squash)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert failures == []
