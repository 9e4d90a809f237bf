"""What git refuses: the commands that the messages name are typed as they are printed."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from errors import CheckoutBlockedError, GitError, UsageError
from orchestrator.soundness.preflight import check_base
from tests.hints import commands_in, is_of, typed
from tests.integration.workspace.conftest import git
from tests.integration.workspace.test_checkout import landed
from workspace import ahead
from workspace.branches import push_branch, remote_tip
from workspace.checkout import fast_forward
from workspace.disclosure import refuse_secrets
from workspace.git import Git
from workspace.redact import Redactor
from workspace.repository import Repository
from workspace.repository_facts import repository_facts
from workspace.signatures import signed_commit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.workspace.conftest import MakeScratch, Scratch

Capsys = pytest.CaptureFixture[str]
SECRET = "correct-horse-battery-staple"


@pytest.fixture
def scratch(make_scratch: MakeScratch) -> Scratch:
    return make_scratch()


def named(error: GitError | UsageError, *forms: str) -> list[str]:
    """The commands of a hint, which are of these forms."""
    commands = commands_in(error.hint)
    assert len(commands) == len(forms), commands
    assert all(map(is_of, commands, forms)), (commands, forms)
    return commands


def test_commits_of_somebody_on_a_branch(scratch: Scratch, capsys: Capsys) -> None:
    repository = scratch.repository
    push_branch(repository, "feat/t", scratch.branch("feat/t", {"a": "1"}))
    scratch.git("update-ref", "-d", "refs/heads/feat/t")
    ours = scratch.branch("again", {"a": "2"})
    with pytest.raises(GitError) as told:
        push_branch(repository, "feat/t", ours)
    look, delete = named(told.value, "git fetch X X && git log X..X", "git push X --delete X")
    assert "work on feat/t" in typed(capsys, look, folder=scratch.top)
    typed(capsys, delete, folder=scratch.top)
    push_branch(repository, "feat/t", ours)
    assert remote_tip(repository, "feat/t") == ours


def test_commits_of_a_person_on_the_base(scratch: Scratch, capsys: Capsys) -> None:
    repository = scratch.repository
    scratch.commit({"mine.txt": "mine"}, "my own")
    with pytest.raises(CheckoutBlockedError) as told:
        fast_forward(repository, landed(scratch, {"theirs.txt": "t"}))
    (look,) = named(told.value, "git log X..X")
    assert "my own" in typed(capsys, look, folder=scratch.top)


def test_merges_of_the_time_before_there_was_a_remote(
    make_scratch: MakeScratch, capsys: Capsys
) -> None:
    alone = make_scratch(remote=False)
    landed(alone, {"new.txt": "n"})
    remote = alone.folder / "remote.git"
    git(alone.folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    alone.git("remote", "add", "origin", str(remote))
    alone.git("push", "--quiet", "origin", "main")
    with pytest.raises(CheckoutBlockedError) as told:
        check_base(alone.repository)
    (join,) = named(told.value, "git switch X && git merge X && git push X X")
    typed(capsys, join, folder=alone.top)
    check_base(alone.repository)
    assert git(remote, "show", "main:new.txt") == "n"


def test_a_secret_in_a_commit(scratch: Scratch, capsys: Capsys) -> None:
    base = scratch.git("rev-parse", "HEAD")
    head = scratch.commit({"a.txt": SECRET})
    redactor = Redactor.from_environment({"FORGE_TOKEN": SECRET})
    with pytest.raises(GitError) as told:
        refuse_secrets(Git(scratch.top), "feat/a", base=base, head=head, redactor=redactor)
    (look,) = named(told.value, "git log -p X..X")
    assert f"+{SECRET}" in typed(capsys, look, folder=scratch.top)


def test_a_key_that_git_is_not_told(scratch: Scratch, capsys: Capsys) -> None:
    key = scratch.folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    repository, tree = Git(scratch.top), scratch.git("rev-parse", "HEAD^{tree}")
    scratch.git("config", "user.signingKey", "/nowhere.pub")
    person = "Ann <ann@example.org>"
    with pytest.raises(GitError) as told:
        signed_commit(repository, tree, subject="x", person=person, ssh=True, environment={})
    name, *_ = commands_in(told.value.hint)
    assert is_of(name, "git config user.signingKey X")
    typed(capsys, name.replace("FILE", f"{key}.pub"), folder=scratch.top)
    signed_commit(repository, tree, subject="x", person=person, ssh=True, environment={})


def test_a_bare_repository(scratch: Scratch, capsys: Capsys, tmp_path: Path) -> None:
    bare = tmp_path / "it's bare.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(scratch.top), str(bare))
    with pytest.raises(UsageError) as told:
        repository_facts(bare)
    (clone,) = named(told.value, "git clone X X")
    typed(capsys, clone, folder=bare)
    assert repository_facts(tmp_path / "it's bare").has_commit


@pytest.mark.skipif(os.geteuid() != 0, reason="nobody else can give a folder away")
def test_a_repository_of_another_user(
    scratch: Scratch, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    for path in (scratch.top, scratch.top / ".git"):
        os.chown(path, 65534, 65534)
    with pytest.raises(UsageError) as told:
        repository_facts(scratch.top)
    (trust,) = named(told.value, "git config --global --add safe.directory X")
    typed(capsys, trust, folder=scratch.top)
    assert repository_facts(scratch.top).has_commit


def test_a_branch_that_somebody_has_checked_out(scratch: Scratch, capsys: Capsys) -> None:
    mine = scratch.folder / "mine here"
    scratch.git("worktree", "add", "--quiet", "-b", "feat/t", str(mine))
    base = scratch.repository.base_tip()
    with pytest.raises(GitError) as told:
        scratch.worktrees.ensure("T", 1, branch="feat/t", base_commit=base)
    (free,) = named(told.value, "git -C X switch --detach")
    typed(capsys, free, folder=scratch.folder)
    scratch.worktrees.ensure("T", 1, branch="feat/t", base_commit=base)


def test_conflicts_with_what_was_merged_without_a_remote(
    make_scratch: MakeScratch, capsys: Capsys
) -> None:
    alone = make_scratch(remote=False)
    landed(alone, {"file.txt": "theirs\n"})
    alone.commit({"file.txt": "mine\n"})
    for key, value in (("name", "Ann"), ("email", "ann@example.org")):
        alone.git("config", f"user.{key}", value)
    with pytest.raises(CheckoutBlockedError) as told:
        fast_forward(alone.repository, Git(alone.top).text("rev-parse", ahead.ref_of("main")))
    (join,) = commands_in(told.value.hint)
    assert re.fullmatch(r"git merge mission-runner/base/main", join)
    assert "CONFLICT" in typed(capsys, join, folder=alone.top, code=1)
    alone.git("checkout", "--theirs", "file.txt")
    alone.git("commit", "--quiet", "--all", "--no-edit")
    assert Repository.open(alone.top).base_tip() == alone.git("rev-parse", "HEAD")
