"""A person's own changes keep the checkout behind, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.ports.display import RecordingDisplay
from tests.scratch import make, row
from workspace.git import Git

pytestmark = pytest.mark.timeout(240)

EDITS = """
import os, pathlib
task = os.environ["MISSION_TASK"]
with open({ledger!r}, "a") as ledger:
    ledger.write(task + "\\n")
pathlib.Path("README.md" if task == "A" else task + ".txt").write_text(task)
"""


@pytest.mark.parametrize("commit", ["each", "end"])
def test_rows_go_on_and_a_stash_takes_nothing_along(tmp_path: Path, commit: str) -> None:
    ledger = tmp_path / "ledger"
    rows = [row("A"), row("B", after="A"), row("R", after="B", branch="—")]
    worker = EDITS.format(ledger=str(ledger))
    scratch = make(tmp_path, rows, worker=worker, config={"status": {"commit": commit}})
    readme = scratch.top / "README.md"
    readme.write_text("a person's edit\n")
    display = RecordingDisplay()
    end = scratch.run(display=display)
    assert end.exit_code == 0
    assert scratch.merged() == ["A", "B"]
    assert set(scratch.statuses().values()) == {"done"}
    assert "README.md" in end.behind
    assert end.behind in display.said
    assert readme.read_text() == "a person's edit\n"
    assert "| R | done |" in Git(scratch.remote).text("show", "main:plan/TASKS.md")
    scratch.git.run("stash", "--quiet")
    end = scratch.run()
    assert (end.exit_code, end.behind) == (0, "")
    assert set(scratch.statuses().values()) == {"done"}
    assert ledger.read_text().split() == ["A", "B", "R"]
    assert readme.read_text() == "A"
    assert scratch.git.text("status", "--porcelain") == ""
    assert scratch.git.text("rev-parse", "main") == Git(scratch.remote).text("rev-parse", "main")
