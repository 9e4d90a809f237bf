"""Relative paths in the runner's environment, which lead into a tree that an agent wrote."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agents.command import CommandAgent
from tests.integration.agents.briefs import git, make_brief, make_repository
from workspace.anchored import anchored
from workspace.git import Git
from workspace.process import Stop


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A worktree with programs and settings in it, and a runner whose environment is relative."""
    worktree = make_repository(tmp_path / "worktree")
    for name in ("git", "tool"):
        program = worktree / name
        program.write_text(f"#!/bin/sh\necho ran >> {tmp_path}/canary\n", encoding="utf-8")
        program.chmod(0o755)
    (worktree / ".gitconfig").write_text("[alias]\n\tplanted = version\n", encoding="utf-8")
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}::bin")
    monkeypatch.setenv("HOME", ".")
    return worktree


def test_no_program_of_the_tree_stands_in_for_one_of_the_system(planted: Path) -> None:
    CommandAgent(["tool"]).run(make_brief(planted), Stop())
    assert git(planted, "log", "-1", "--format=%s") == "First"
    assert Git(planted).text("log", "-1", "--format=%s") == "First"
    assert not (planted.parent / "canary").exists()


def test_no_settings_of_the_tree_stand_in_for_a_person_s(planted: Path) -> None:
    assert Git(planted).run("planted", check=False).code != 0


def test_a_relative_place_is_taken_from_our_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = {
        "CODEX_HOME": ".codex",
        "HOME": "/home/x",
        "PATH": ".:/bin::b:/usr/bin",
        "OTHER": "./x",
    }
    assert anchored(given) == {
        "CODEX_HOME": f"{tmp_path}/.codex",
        "HOME": "/home/x",
        "PATH": "/bin:/usr/bin",
        "OTHER": "./x",
    }
    assert anchored({"PATH": "."}) == anchored({"PATH": ""}) == {"PATH": "/usr/bin:/bin"}
