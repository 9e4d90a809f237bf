"""Limits hold before rows start, together, and across runs; reaching one fails nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.scratch import Scratch, make, row

pytestmark = pytest.mark.timeout(120)

# Uses 900 of its 1,000 estimated tokens.
SPENDS = """
import json, os, pathlib
task = os.environ["MISSION_TASK"]
pathlib.Path(f"{task}.txt").write_text(task)
answer = {"outcome": "success", "summary": "done", "input_tokens": 800, "output_tokens": 100}
print(json.dumps(answer))
"""


def limited(folder: Path, budget: dict[str, object]) -> Scratch:
    """Four independent rows of 1K each, under `budget`."""
    return make(folder, [row(name) for name in "ABCD"], worker=SPENDS, config={"budget": budget})


def test_rows_at_the_same_time_cannot_overshoot_together(tmp_path: Path) -> None:
    scratch = limited(tmp_path, {"mission": {"tokens": 2500}})
    end = scratch.run(slots=4)
    assert len(scratch.merged()) == 2
    assert len(end.over_budget) == 2
    assert end.failed == end.blocked == ()
    assert all("budget.mission" in told for told in end.over_budget.values())
    assert end.exit_code == 1
    with scratch.journal() as journal:
        assert journal.spent().tokens == 1800


def test_what_one_run_spent_counts_in_the_next(tmp_path: Path) -> None:
    scratch = limited(tmp_path, {"mission": {"tokens": 2500}})
    scratch.run()
    again = scratch.run()
    assert len(scratch.merged()) == 2
    assert len(again.over_budget) == 2
    config = scratch.task_file.with_name("mission.yaml")
    settings = yaml.safe_load(config.read_text())
    settings["budget"]["mission"]["tokens"] = 10_000
    config.write_text(yaml.safe_dump(settings))
    assert scratch.run().exit_code == 0
    assert len(scratch.merged()) == 4


def test_a_limit_of_a_run_is_for_that_run(tmp_path: Path) -> None:
    scratch = limited(tmp_path, {"run": {"tokens": 2500}})
    assert len(scratch.run().over_budget) == 2
    assert scratch.run().exit_code == 0
    assert len(scratch.merged()) == 4


def test_a_row_that_used_its_own_limit_is_not_tried_again(tmp_path: Path) -> None:
    worker = SPENDS.replace('"success"', '"crashed"').replace("100}", "300}")
    scratch = make(tmp_path, [row("A")], worker=worker, config={"budget": {"task_factor": 1.0}})
    end = scratch.run()
    assert end.failed == ()
    assert list(end.over_budget) == ["A"]
    with scratch.journal() as journal:
        assert len(journal.attempts("A")) == 1
    assert scratch.statuses() == {"A": "not-started"}
