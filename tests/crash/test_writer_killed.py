"""The writer of the task file, killed at any instant: the file is whole, before or after."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tasks_md.edit import CellChange
from tasks_md.holder import holder
from tasks_md.model import STATUSES
from tasks_md.parse import read
from tasks_md.writer import StatusWriter

ROWS = 300

# Sets one row after the other, and says so when it has begun.
CHILD = """
import itertools, sys
from pathlib import Path
from tasks_md.edit import CellChange
from tasks_md.model import STATUSES
from tasks_md.writer import StatusWriter

path, lock_dir, rows = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
with StatusWriter(path, lock_dir=lock_dir) as writer:
    print("begun", flush=True)
    for at in itertools.count():
        status = STATUSES[at % len(STATUSES)]
        task = f"T-{at * 7 % rows}"
        writer.apply(
            [
                CellChange(task=task, column="status", value=status),
                CellChange(task=task, column="notes", value=f"set {status}"),
            ]
        )
"""


@pytest.mark.crash
@pytest.mark.parametrize("kills", [10, pytest.param(500, marks=pytest.mark.soak)])
@pytest.mark.timeout(3600)
def test_no_row_is_ever_torn(disk_path: Path, kills: int) -> None:
    path, state = disk_path / "TASKS.md", disk_path / "state"
    head = "## Milestone 1 — Many (M)\n\n| id | status | description | notes |\n|-|-|-|-|\n"
    rows = "".join(f"| T-{n} | done | {'words ' * 40}| set done |\n" for n in range(ROWS))
    path.write_text(f"{head}{rows}\nThe end.\n", encoding="utf-8")
    dice = random.Random(20260101)  # noqa: S311 - not for secrets: a failure can be repeated
    for _ in range(kills):
        argv = [sys.executable, "-c", CHILD, str(path), str(state), str(ROWS)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "begun\n"
            with pytest.raises(subprocess.TimeoutExpired):  # the instant
                child.wait(timeout=dice.uniform(0, 0.15))
            child.kill()
        assert holder(state) is None
        plan = read(path)
        assert plan.text.endswith("\n\nThe end.\n")
        assert plan.findings == ()
        assert len(plan.tasks) == ROWS
        for task in plan.tasks:
            assert task.status in STATUSES
            assert task.notes == f"set {task.status}"  # both cells of one change, or neither
    with StatusWriter(path, lock_dir=state) as writer:
        writer.apply([CellChange(task="T-0", column="status", value="done")])
    assert {file.name for file in disk_path.iterdir()} == {"TASKS.md", "state"}
