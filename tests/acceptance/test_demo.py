"""The demo as a person runs it: `mission demo`, in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tasks_md.parse import read

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "missions" / "federation-v1" / "TASKS.md"
# The file that the shipped one follows; beside the checkout where the two were handed over.
ORIGINAL = ROOT.parent / "shared" / "missions" / "federation-v1" / "TASKS.md"

# Another team's file: Windows line ends, other columns, a code task, a fork in the graph.
OTHER = """\
# Plan

> **Mission:** other
> **Status values:** `not-started` | `in-progress` | `done` | `blocked` | `failed` | `needs-qa`
> **Agent values:** `codex` | `gemini` | `—` (auto)

## Milestone 1 — Start (ONE)

| id | title of it | status | deps | agent | branch | description | notes |
|---|---|---|---|---|---|---|---|
| A | kept | done | | codex | feat/a | The ground | |
| B | kept | not-started | A | gemini | feat/b | Build on it; `$(touch x)` | mind the \\| sign |
| C | kept | not-started | A | — | feat/c | Write `docs/c.md` | |
| D | kept | not-started | B, C | — | (aggregate) | Close | |
""".replace("\n", "\r\n")


def _demo(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "cli", "demo", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def _merged(remote: Path) -> list[str]:
    """The ids in the `Task:` trailers of main that name an attempt, oldest first."""
    log = _git(remote, "log", "--reverse", "--format=%B%x00", "main").split("\0")
    return [
        found[1]
        for message in log
        if "\nAttempt: " in message
        and (found := re.search(r"^Task: (\S+)$", message, re.MULTILINE))
    ]


def _statuses(file: Path) -> dict[str, str]:
    return {task.id: task.status for task in read(file).tasks}


@pytest.mark.slow
def test_the_shipped_mission(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = _demo("--folder", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The agent was a script" in done.stdout
    task_file = folder / "work" / "missions" / "federation-v1" / "TASKS.md"
    assert set(_statuses(task_file).values()) == {"done"}
    assert _merged(folder / "remote.git") == ["FED-M1-11"]
    changed = _git(folder / "remote.git", "ls-tree", "-r", "--name-only", "main").splitlines()
    assert "docs/federation/fed-m1-11.md" in changed
    assert _git(folder / "work", "status", "--porcelain") == ""
    published = _git(folder / "remote.git", "show", "main:missions/federation-v1/TASKS.md")
    assert published.encode() == task_file.read_bytes()
    assert _no_process_is_left(folder)


@pytest.mark.slow
@pytest.mark.skipif(not ORIGINAL.exists(), reason="cannot exist here: not beside this checkout")
def test_the_original_file_unchanged(tmp_path: Path) -> None:
    before = ORIGINAL.read_bytes()
    done = _demo("--plan", ORIGINAL, "--folder", tmp_path / "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ORIGINAL.read_bytes() == before
    task_file = tmp_path / "demo" / "work" / "missions" / "federation-v1" / "TASKS.md"
    assert set(_statuses(task_file).values()) == {"done"}
    after = task_file.read_bytes()
    kept = [line for line in before.split(b"\n") if b"| not-started |" not in line]
    assert all(line in after.split(b"\n") for line in kept)


@pytest.mark.slow
def test_another_teams_file(tmp_path: Path) -> None:
    plan = tmp_path / "PLAN.md"
    plan.write_bytes(OTHER.encode())
    done = _demo("--plan", plan, "--folder", tmp_path / "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    task_file = tmp_path / "demo" / "work" / "missions" / "federation-v1" / "TASKS.md"
    assert _statuses(task_file) == dict.fromkeys("ABCD", "done")
    assert sorted(_merged(tmp_path / "demo" / "remote.git")) == ["B", "C"]
    assert plan.read_bytes() == OTHER.encode()
    assert b"\r\n" in task_file.read_bytes()
    assert re.search(rb"[^\r]\n", task_file.read_bytes()) is None


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    done = _demo("--folder", tmp_path)
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_plan_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = _demo("--plan", tmp_path / "TASKS.md")
    assert done.returncode == 2
    assert "TASKS.md" in done.stderr


def test_a_plan_without_an_open_row_is_refused(tmp_path: Path) -> None:
    plan = tmp_path / "TASKS.md"
    plan.write_text(OTHER.replace("not-started |", "done |"), encoding="utf-8")
    done = _demo("--plan", plan)
    assert done.returncode == 1
    assert "no open row" in done.stderr


def _no_process_is_left(folder: Path) -> bool:
    """No process works below `folder`: the demo's server has ended, and so has every child."""
    if not Path("/proc").is_dir():
        return True
    for process in Path("/proc").glob("[0-9]*"):
        try:
            here = (process / "cwd").readlink()
        except OSError:
            continue
        if here.is_relative_to(folder):
            return False
    return True
