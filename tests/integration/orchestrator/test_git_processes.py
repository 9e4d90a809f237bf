"""How many git processes a run starts: those that a `git` of ours, first on PATH, is called for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scratch import Scratch, make, row
from workspace.git_environment import program

# From ready to done, its branch deleted, with a look for requests from other clones: a remote, one
# verify step, no forge.
ROW = 30
WITHOUT = 10  # a run in which there is nothing to do
VERIFIED: dict[str, object] = {"verify": [{"name": "whole", "run": ["true"]}]}
# An agent that commits by itself costs what it brings home; it finds git where we do.
COMMITS = """
import os, pathlib, subprocess
pathlib.Path("committed.txt").write_text("work\\n")
environment = {**os.environ, "PATH": os.defpath}
who = ["-c", "user.name=Agent", "-c", "user.email=agent@example.invalid"]
for args in (["add", "--all"], [*who, "commit", "--quiet", "-m", "work"]):
    subprocess.run(["git", *args], check=True, env=environment)
"""

Counted = Callable[[Scratch], list[str]]


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Runs a mission; the git commands that it called, one a line."""
    real, folder, log = shutil.which("git"), tmp_path / "bin", tmp_path / "called"
    folder.mkdir()
    (folder / "git").write_text(f'#!/bin/sh\necho "$*" | tr "\\n" " " >> {log}\necho >> {log}\n')
    with (folder / "git").open("a") as file:
        file.write(f'exec {real} "$@"\n')
    (folder / "git").chmod(0o755)

    def run(scratch: Scratch) -> list[str]:
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        program.cache_clear()
        log.write_text("")
        try:
            assert scratch.run().exit_code == 0
        finally:
            monkeypatch.undo()
            program.cache_clear()
        return [line for line in log.read_text().split("\n") if line]

    return run


def test_a_run_without_rows(tmp_path: Path, counted: Counted) -> None:
    scratch = make(tmp_path, [row("A", status="done")], config=VERIFIED)
    called = counted(scratch)
    assert 0 < len(called) <= WITHOUT, "\n".join(called)


def test_a_row_from_ready_to_done(tmp_path: Path, counted: Counted) -> None:
    """What it costs beyond a run without rows, its commit of the status included."""
    scratch = make(tmp_path, [row("A")], config=VERIFIED)
    called = counted(scratch)
    assert scratch.statuses() == {"A": "done"}
    without = counted(scratch)
    assert len(called) - len(without) <= ROW, "\n".join(called)


def test_a_row_whose_agent_commits(tmp_path: Path, counted: Counted) -> None:
    scratch = make(tmp_path, [row("A")], worker=COMMITS, config=VERIFIED)
    called = counted(scratch)
    assert scratch.merged() == ["A"]
    assert len(called) - len(counted(scratch)) <= ROW + 2, "\n".join(called)


def test_rows_cost_the_same_however_many_there_are(tmp_path: Path, counted: Counted) -> None:
    scratch = make(tmp_path, [row("A"), row("B", after="A"), row("C", after="B")], config=VERIFIED)
    called = counted(scratch)
    assert scratch.merged() == ["A", "B", "C"]
    assert len(called) - len(counted(scratch)) <= 3 * ROW, "\n".join(called)
