"""`mission gate queue` with script gates, and pausing, as people use them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TASKS = """\
# Trial

## Milestone 1 — First (A)

| id | status | description | issue | agent | branch | depends_on | estimate | notes |
| -- | ------ | ----------- | ----- | ----- | ------ | ---------- | -------- | ----- |
| A-1 | done | One | — | codex | feat/1 | — | 4K | |
"""


@pytest.fixture
def mission(tmp_path: Path) -> Path:
    folder = tmp_path / "mission"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    (folder / "TASKS.md").write_text(TASKS)
    return folder


def gate(folder: Path, code: str) -> None:
    argv = json.dumps([sys.executable, "-S", "-c", code])
    (folder / "mission.yaml").write_text(f"gates:\n  - type: script\n    run: {argv}\n")


def mission_command(
    folder: Path, *arguments: str, code: int = 0
) -> subprocess.CompletedProcess[str]:
    found = subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert found.returncode == code, found.stderr
    return found


def test_clear(mission: Path) -> None:
    gate(mission, "print('all quiet')")

    found = mission_command(mission, "gate", "queue", "--purpose", "push")

    assert found.stdout == "pause: clear: not paused\nscript: clear: all quiet (exit code 0)\n"


def test_json_tells_what_held_it_back(mission: Path) -> None:
    gate(mission, "print('two runs'); raise SystemExit(75)")
    ask = ("gate", "queue", "--purpose", "merge", "--branch", "feat/1", "--json")

    found = mission_command(mission, *ask, "--timeout", "3", "--interval", "0.1", code=75)

    told = json.loads(found.stdout)
    assert told["state"] == "timed-out"
    assert told["branch"] == "feat/1"
    assert told["gates"][1]["state"] == "busy"
    assert "waiting for script: busy: two runs" in found.stderr


def test_red(mission: Path) -> None:
    gate(mission, "raise SystemExit(2)")

    found = mission_command(mission, "gate", "queue", "--purpose", "push", code=1)

    assert "refuses the push" in found.stderr


def test_detach(mission: Path) -> None:
    gate(mission, "raise SystemExit(75)")
    ask = ("gate", "queue", "--purpose", "push", "--detach-on", "busy")

    assert "is busy" in mission_command(mission, *ask, code=75).stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--purpose", "deploy"),
        ("--purpose", "push", "--timeout", "soon"),
        ("--purpose", "push", "--timeout=-1"),
        ("nowhere", "--purpose", "push"),
    ],
)
def test_misused(mission: Path, arguments: tuple[str, ...]) -> None:
    gate(mission, "print()")

    mission_command(mission, "gate", "queue", *arguments, code=2)


def test_without_gates_and_forge_nothing_is_clear(mission: Path) -> None:
    found = mission_command(mission, "gate", "queue", "--purpose", "push", code=2)

    assert "forge" in found.stderr


def test_a_script_gate_does_not_ask_itself(mission: Path) -> None:
    inner = [sys.executable, "-m", "cli", "gate", "queue", "--purpose", "push"]
    gate(mission, f"import subprocess; raise SystemExit(subprocess.call({inner!r}))")

    found = mission_command(mission, "gate", "queue", "--purpose", "push", code=1)

    assert "exit code 2" in found.stderr


def test_pause_and_unpause(mission: Path) -> None:
    gate(mission, "print('all quiet')")
    ask = ("gate", "queue", "--purpose", "push", "--timeout", "0")

    mission_command(mission, "pause", "--reason", "release day")
    held = mission_command(mission, *ask, code=75)
    told = json.loads(mission_command(mission, "pause", "--json").stdout)
    mission_command(mission, "unpause")

    assert "release day" in held.stderr
    assert told["reason"] == "release day"
    assert "all quiet" in mission_command(mission, *ask).stdout
    assert mission_command(mission, "unpause").stdout == "was not paused\n"


def test_a_file_pauses_too(mission: Path) -> None:
    gate(mission, "print('all quiet')")
    (mission / "PAUSED").write_text("the forge is being\nupdated")

    held = mission_command(mission, "gate", "queue", "--purpose", "push", "--timeout=0", code=75)
    mission_command(mission, "unpause")

    assert "the forge is being updated" in held.stderr
    assert not (mission / "PAUSED").exists()
