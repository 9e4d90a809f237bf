"""Limits hold before rows start, together, and across runs; reaching one fails nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from errors import AgentError
from mission.journal.kinds import ReviewMade
from orchestrator.admission.admission import Admission
from orchestrator.admission.budgeting import Budget
from orchestrator.loop.dispatch import Dispatcher
from orchestrator.opening import open_mission
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.carrier import ScriptedCarrier
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.ends import TaskEnd
from tests.scratch import Scratch, make, row
from workspace.process import Stop

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
    return make(
        folder,
        [row(name) for name in "ABCD"],
        worker=SPENDS,
        config={"budget": budget},
        shared=False,
    )


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
    scratch = make(
        tmp_path, [row("A")], worker=worker, config={"budget": {"task_factor": 1.0}}, shared=False
    )
    end = scratch.run()
    assert end.failed == ()
    assert list(end.over_budget) == ["A"]
    with scratch.journal() as journal:
        assert len(journal.attempts("A")) == 1
    assert scratch.statuses() == {"A": "not-started"}


def test_an_agent_without_a_price_does_not_start_under_a_limit_of_money(tmp_path: Path) -> None:
    scratch = limited(tmp_path, {"mission": {"usd": 1.0}})
    end = scratch.run()
    assert scratch.statuses() == dict.fromkeys("ABCD", "not-started")
    assert sorted(end.over_budget) == ["A", "B", "C", "D"]
    assert "the price of worker is not known" in end.over_budget["A"]
    assert "budget.prices" in end.over_budget["A"]
    assert end.exit_code == 1
    with scratch.journal() as journal:
        assert journal.attempts() == []
    _set(scratch, prices={"worker": {"input": 1000, "cached": 0, "output": 1000}})
    assert len(scratch.run().over_budget) == 3  # 0.90 of 1.00 US dollars are used
    assert len(scratch.merged()) == 1


def test_what_was_used_before_a_price_was_known_counts_once_it_is(tmp_path: Path) -> None:
    scratch = limited(tmp_path, {})
    assert scratch.run().exit_code == 0
    expensive = {"worker": {"input": 1000, "cached": 0, "output": 1000}}
    _set(scratch, mission={"usd": 3.0}, prices=expensive)
    scratch.task_file.write_text(scratch.task_file.read_text() + row("E"))
    assert "$4.60 of $3.00" in scratch.run().over_budget["E"]


def test_a_reviewer_without_a_price_is_not_asked_under_a_limit_of_money(tmp_path: Path) -> None:
    prices = {"worker": {"input": 1, "cached": 0, "output": 1}}
    scratch = limited(tmp_path, {"mission": {"usd": 1.0}, "prices": prices})
    config = scratch.task_file.with_name("mission.yaml")
    settings = yaml.safe_load(config.read_text()) | {"review": [{"by": ["other"]}]}
    config.write_text(yaml.safe_dump(settings))
    end = scratch.run()
    assert end.failed == end.blocked == ()
    assert "the price of other is not known" in end.over_budget["A"]
    with scratch.journal() as journal:
        assert journal.events(ReviewMade) == []
        assert journal.attempts("A")[0].head is not None  # the work is kept


def test_input_from_a_cache_does_not_count_against_estimates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policy.retry.FIRST_DELAY", timedelta(milliseconds=1))
    crashes_once = '"crashed" if os.environ["MISSION_ATTEMPT"] == "1" else "success"'
    worker = SPENDS.replace('"success"', crashes_once)
    worker = worker.replace("800", '90_800, "cached_tokens": 90_000')
    scratch = make(
        tmp_path, [row("A")], worker=worker, config={"budget": {"task_factor": 2.0}}, shared=False
    )
    assert scratch.run().exit_code == 0
    with scratch.journal() as journal:
        spent = journal.spent("A")
        assert (spent.tokens, spent.cached_tokens, spent.attempts) == (1800, 180_000, 2)


def test_what_was_set_aside_is_free_again_if_the_row_does_not_start(tmp_path: Path) -> None:
    scratch = limited(tmp_path, {"mission": {"tokens": 1500}})
    opened = open_mission(str(scratch.task_file), RecordingDisplay(), Stop())
    with opened as (parts, board):
        config, journal = parts.config, parts.journal
        nobody = ScriptedCarrier(_refuse_to_start)
        dispatcher = Dispatcher(
            board, nobody, nobody, config=config, journal=journal, logs=tmp_path / "logs"
        )
        budget = Budget(config, journal, journal.run, parts.clock.now())
        admission = Admission(dispatcher, budget, parts.rests, config, display=parts.display)
        first, second = board.plan.task("A"), board.plan.task("B")
        assert admission.admits(first, "worker") == "worker"
        assert admission.admits(second, "worker") is None
        with pytest.raises(AgentError):
            admission.begin(first, "nobody", dispatcher.start)
        assert admission.admits(second, "worker") == "worker"


def _refuse_to_start(assignment: Assignment) -> TaskEnd:
    raise AssertionError(f"{assignment.task.id} was not to start")


def _set(scratch: Scratch, **budget: object) -> None:
    """Change the mission's budget."""
    config = scratch.task_file.with_name("mission.yaml")
    settings = yaml.safe_load(config.read_text())
    settings["budget"] |= budget
    config.write_text(yaml.safe_dump(settings))
