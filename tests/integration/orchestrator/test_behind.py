"""A person's own changes keep the checkout behind, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.main import main
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run import RunRequest, check_request
from tests.command import run
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
def test_rows_go_on_and_a_stash_takes_nothing_along(
    tmp_path: Path, commit: str, capsys: pytest.CaptureFixture[str]
) -> None:
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
    told = json.loads(run(capsys, "status", str(scratch.task_file), "--json"))
    assert told["checkout_behind"]["files"] == ["README.md"]
    page = " ".join(run(capsys, "status", str(scratch.task_file)).split())
    assert "stays behind origin/main" in page
    assert "git stash" not in page
    assert end.behind in display.said
    assert readme.read_text() == "a person's edit\n"
    assert "| R | done |" in Git(scratch.remote).text("show", "main:plan/TASKS.md")
    scratch.git.run("stash", "--quiet")
    end = scratch.run()
    assert (end.exit_code, end.behind) == (0, "")
    told = json.loads(run(capsys, "status", str(scratch.task_file), "--json"))
    assert told["checkout_behind"] is None
    assert set(scratch.statuses().values()) == {"done"}
    assert ledger.read_text().split() == ["A", "B", "R"]
    assert readme.read_text() == "A"
    assert scratch.git.text("status", "--porcelain") == ""
    assert scratch.git.text("rev-parse", "main") == Git(scratch.remote).text("rev-parse", "main")


def test_changes_that_may_be_in_the_way_are_told_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The plan's own file is none of them, nor is what git does not know."""
    scratch = make(tmp_path, [row("A")])
    scratch.edit("Do A.", "Do it.")
    (scratch.top / "new.txt").write_text("new\n")
    request = RunRequest(path=str(scratch.task_file))
    warned: list[str] = []
    check_request(request, warned.append)
    assert warned == []
    (scratch.top / "README.md").write_text("a person's edit\n")
    check_request(request, warned.append)
    [told] = warned
    assert told.startswith(f"Not committed in {scratch.top}: README.md. Where a merge changes")
    with pytest.raises(SystemExit):
        main(("run", str(scratch.task_file), "--dry-run"))
    assert told in capsys.readouterr().err
    scratch.git.run("switch", "--quiet", "--create", "feat/x")
    check_request(request, warned.append)
    assert warned[-1].startswith(f"feat/x is checked out in {scratch.top}, and not main")
