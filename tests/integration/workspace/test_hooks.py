"""Hooks that are files of the tree run for a push, without what the runner's environment holds."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from errors import GitError
from workspace.branches import push_branch
from workspace.hooks import hook_folders

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch, Scratch


@pytest.fixture
def scratch(make_scratch: MakeScratch) -> Scratch:
    return make_scratch()


def put_hook(scratch: Scratch, folder: str, does: str) -> None:
    hook = scratch.top / folder / "pre-push"
    hook.parent.mkdir(parents=True, exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{does}\n")
    hook.chmod(0o755)


@pytest.mark.parametrize(("folder", "told"), [(".husky/_", False), (".git/hooks", True)])
def test_a_hook_of_the_tree_gets_the_allowed_variables_only(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str, told: bool
) -> None:
    monkeypatch.setenv("FORGE_TOKEN", "of-the-runner")
    put_hook(scratch, folder, f'(echo "$@"; cat; env) > {tmp_path}/ran')
    if folder != ".git/hooks":
        scratch.git("config", "core.hooksPath", folder)
    tip = scratch.git("rev-parse", "HEAD")
    push_branch(scratch.repository, "feat/a", tip)
    ran = (tmp_path / "ran").read_text()
    assert ran.startswith(f"origin {scratch.remote}\n{tip} {tip} refs/heads/feat/a ")
    assert "\nPATH=" in ran
    assert ("of-the-runner" in ran) is told


def test_a_hook_of_the_tree_can_refuse(scratch: Scratch) -> None:
    put_hook(scratch, ".husky", "exit 1")
    scratch.git("config", "core.hooksPath", ".husky")
    with pytest.raises(GitError, match="refused feat/a"):
        push_branch(scratch.repository, "feat/a", scratch.git("rev-parse", "HEAD"))


@pytest.mark.parametrize("linked", ["hooks", "hooks/pre-push"])
def test_a_link_to_a_hook_of_the_tree_is_one(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, linked: str
) -> None:
    monkeypatch.setenv("FORGE_TOKEN", "of-the-runner")
    put_hook(scratch, "tools/hooks", f"env > {tmp_path}/ran")
    link = scratch.top / ".git" / linked
    if link.is_dir():
        shutil.rmtree(link)
    link.symlink_to(scratch.top / "tools" / linked)
    assert hook_folders(scratch.repository) == {PurePosixPath("tools/hooks")}
    push_branch(scratch.repository, "feat/a", scratch.git("rev-parse", "HEAD"))
    ran = (tmp_path / "ran").read_text()
    assert "PATH=" in ran
    assert "of-the-runner" not in ran


@pytest.mark.parametrize(
    ("setting", "folders"),
    [(".husky/_", {".husky/_"}), (".", {"."}), ("/elsewhere", set()), (None, set())],
)
def test_where_hooks_of_the_tree_are(
    scratch: Scratch, setting: str | None, folders: set[str]
) -> None:
    if setting is not None:
        scratch.git("config", "core.hooksPath", setting)
    assert hook_folders(scratch.repository) == {PurePosixPath(folder) for folder in folders}


def test_hooks_are_those_of_the_beginning(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An agent may write a person's settings: nothing in the tree becomes a hook by that."""
    monkeypatch.setenv("FORGE_TOKEN", "of-the-runner")
    put_hook(
        scratch, ".git/hooks", f"echo mine; git config x.y 2> /dev/null; env > {tmp_path}/mine"
    )
    put_hook(scratch, ".planted", f"env > {tmp_path}/planted")
    repository = scratch.repository
    with (tmp_path / "gitconfig").open("a") as settings:
        settings.write("[core]\n\thooksPath = .planted\n")
    push_branch(repository, "feat/a", scratch.git("rev-parse", "HEAD"))
    assert not (tmp_path / "planted").exists()
    assert "GIT_CONFIG_PARAMETERS" not in (tmp_path / "mine").read_text()
    assert "of-the-runner" in (tmp_path / "mine").read_text()


def test_a_hook_of_a_persons_own_that_changed_meanwhile_does_not_run(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would get the runner's environment. The next run, which a person begins, takes it."""
    monkeypatch.setenv("FORGE_TOKEN", "of-the-runner")
    own = tmp_path / "own"
    scratch.git("config", "core.hooksPath", str(own))
    put_hook(scratch, str(own), f"touch {tmp_path}/mine")
    repository, tip = scratch.repository, scratch.git("rev-parse", "HEAD")
    push_branch(repository, "feat/a", tip)
    assert (tmp_path / "mine").exists()
    for change in ("reference-transaction", "pre-push"):
        put_hook(scratch, str(own), f"env > {tmp_path}/planted")
        (own / "pre-push").rename(own / change)
        with pytest.raises(GitError, match="were changed during the run"):
            push_branch(repository, "feat/b", tip)
    assert not (tmp_path / "planted").exists()
    push_branch(scratch.repository, "feat/b", tip)
    assert (tmp_path / "planted").exists()
