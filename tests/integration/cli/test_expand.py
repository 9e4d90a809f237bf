"""`mission expand` shows what was planned, asks, and writes only after a yes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.scratch import Scratch, make, row
from tests.terminal import CTRL_C, on_terminal
from workspace.git import Git

QUESTION = "Put 2 tasks into the file? [y/N]: "
TASKS = [
    {
        "id": f"M2-0{number}",
        "description": f"Do the second part, number {number}.",
        "agent": "worker",
        "branch": f"feat/m2-0{number}",
        "depends_on": ["M2-01"] if number > 1 else [],
        "estimate_tokens": 2000 * number,
    }
    for number in (1, 2)
]


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """A mission with a placeholder, and `other`, who plans it."""
    plan = json.dumps({"goal": "The second part.", "tasks": TASKS})
    script = tmp_path / "planner.py"
    script.write_text(f"print({json.dumps({'outcome': 'success', 'summary': plan})!r})")
    agent = {"type": "command", "run": [sys.executable, "-S", str(script)]}
    rows = [row("A", status="done"), "\n## Milestone 2 — Second (M2)\n\n_Deferred._\n"]
    return make(tmp_path, rows, config={"agents": {"worker": agent, "other": agent}})


def test_the_plan_is_shown_once_before_the_question(scratch: Scratch) -> None:
    command = ("expand", str(scratch.task_file), "M2", "--agent", "other")
    with on_terminal(*command, folder=scratch.top) as terminal:
        asked = terminal.wait_for(QUESTION)
        assert "M2-01" not in scratch.task_file.read_text()
        terminal.type("y\n")
        assert terminal.end() == 0
    lines = [" ".join(line.split()) for line in asked.replace("\r", "\n").split("\n")]
    assert "TASK AGENT ESTIMATE AFTER BRANCH DESCRIPTION" in lines
    assert "M2-02 worker 4K M2-01 feat/m2-02 Do the second part, number 2." in lines
    assert set(scratch.statuses()) == {"A", "M2-01", "M2-02"}
    subject = Git(scratch.remote).text("log", "-1", "--format=%s", "main")
    assert subject == "Plan M2: 2 tasks"


@pytest.mark.parametrize("keys", ["n\n", CTRL_C])
def test_anything_but_yes_writes_nothing_and_keeps_the_plan(
    scratch: Scratch, tmp_path: Path, keys: str
) -> None:
    before = scratch.task_file.read_bytes()
    command = ("expand", str(scratch.task_file), "M2", "--agent", "other")
    with on_terminal(*command, folder=scratch.top) as terminal:
        terminal.wait_for(QUESTION)
        terminal.type(keys)
        assert terminal.end() == 1
    told = " ".join(terminal.printed.split())
    assert "Nothing was written, and the plan is kept: `mission expand M2` shows it again" in told
    assert scratch.task_file.read_bytes() == before
    if keys == CTRL_C:
        return
    # Another planner, or nobody who looks at it, does not get what was refused.
    (tmp_path / "planner.py").write_text("raise SystemExit('asked again')")
    for words in (("--agent", "other"), ("--yes",)):
        with on_terminal("expand", *command[1:3], *words, folder=scratch.top) as terminal:
            assert terminal.end() != 0
        assert scratch.task_file.read_bytes() == before
    # What was refused is edited, by nobody who would be asked again, and agreed to.
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/Do the second part/Carry on/' \"$1\"\n")
    editor.chmod(0o755)
    with on_terminal(
        *command[:3],
        "--edit",
        folder=scratch.top,
        environment={**os.environ, "EDITOR": str(editor)},
    ) as terminal:
        terminal.wait_for(QUESTION)
        terminal.type("y\n")
        assert terminal.end() == 0
    assert "This plan was made before, and kept." in terminal.printed
    assert "Carry on, number 2." in scratch.task_file.read_text()
