"""What people do to a row by its name: another one, or a word of theirs in place of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.ports.display import RecordingDisplay
from orchestrator.run import apply_requests
from tests.scratch import Scratch, make, row
from workspace.process import Stop

# Leaves work behind, and says of A that it did not get there.
FAILS = """
import os, pathlib
task = os.environ["MISSION_TASK"]
pathlib.Path(f"{task}.txt").write_text("work")
if task == "A":
    print('{"outcome": "blocked", "summary": "no way there"}')
"""


def blocked(folder: Path) -> Scratch:
    scratch = make(folder, [row("A", notes="Mine.")], worker=FAILS)
    assert scratch.run().blocked == ("A",)
    assert scratch.notes("A").startswith("Mine. [mission: worker")
    return scratch


def test_a_row_that_was_renamed_keeps_its_branch(tmp_path: Path) -> None:
    """The worktree in the way is the runner's own, and nobody works there any more."""
    scratch = blocked(tmp_path)
    text = scratch.task_file.read_text(encoding="utf-8")
    scratch.task_file.write_text(text.replace("| A | blocked |", "| Z | not-started |"))
    assert scratch.run().exit_code == 0
    assert scratch.statuses() == {"Z": "done"}
    assert scratch.merged() == ["Z"]


@pytest.mark.parametrize(
    ("note", "left"), [(None, "Mine."), ("all by hand", "Mine. [mission: all by hand]")]
)
def test_a_person_s_word_takes_the_place_of_the_runner_s(
    tmp_path: Path, note: str | None, left: str
) -> None:
    """Why a row was blocked is history once a person has called it something else."""
    scratch = blocked(tmp_path)
    with scratch.journal() as journal:
        journal.submit_request("set", "A", by="person", status="not-started", note=note)
    apply_requests(str(scratch.task_file), RecordingDisplay(), Stop())
    assert scratch.statuses() == {"A": "not-started"}
    assert scratch.notes("A") == left
