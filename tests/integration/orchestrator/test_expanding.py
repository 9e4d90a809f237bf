"""A placeholder is planned by an agent, checked, and written in place of its text alone."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from errors import AgentError, BudgetError, MissionError, UsageError
from mission.journal import End
from mission.place import Place
from mission.report import make_report
from orchestrator.expanding import Expansion
from orchestrator.kept_plans import KeptPlans
from orchestrator.opening import open_mission
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from service.overview import make_overview
from tasks_md.graph import Graph
from tasks_md.parse import read
from tests.scratch import WORKER, Scratch, make, row
from workspace.process import Stop

PLACEHOLDER = "\n## Milestone 2 — Second (M2)\n\n_Deferred. Issue #7._\n\n## Notes\n\nKeep me.\n"
TASKS: list[dict[str, object]] = [
    {
        "id": f"M2-0{number}",
        "description": f"Do the | thing number {number}.",
        "agent": "worker",
        "branch": f"feat/m2-0{number}",
        "depends_on": ["M2-01"] if number > 1 else [],
        "estimate_tokens": 1000 * number + 1000,
    }
    for number in (1, 2)
]
PLAN = {"goal": "The second part.", "tasks": TASKS}


def planned(folder: Path, plan: object, *, status: str = "done") -> Scratch:
    """A mission whose second milestone is a placeholder, and a planner that answers `plan`."""
    answer = json.dumps({"outcome": "success", "summary": json.dumps(plan)})
    script = folder / "planner.py"
    script.write_text(f"print({answer!r})")
    agents = {
        "worker": {"type": "command", "run": [sys.executable, "-S", str(folder / "worker.py")]},
        "other": {"type": "command", "run": [sys.executable, "-S", str(script)]},
    }
    rows = [row("A", status=status), PLACEHOLDER]
    return make(folder, rows, worker=WORKER, config={"agents": agents})


def expanded(scratch: Scratch, *, force: bool = False) -> Expansion:
    """What the planner would have, checked and written."""
    with open_mission(str(scratch.task_file), RecordingDisplay(), Stop()) as (parts, _):
        made = parts.planning.expand("M2", planner="other", force=force)
        parts.planning.write_expansion(made)
        return made


def test_the_plan_takes_the_place_of_the_placeholder_s_text_alone(tmp_path: Path) -> None:
    scratch = planned(tmp_path, PLAN)
    before = scratch.task_file.read_text()
    made = expanded(scratch)
    after = scratch.task_file.read_text()
    head, tail = before.split("\n_Deferred. Issue #7._\n", 1)
    assert after.startswith(head)
    assert after.endswith(tail)
    assert [task.id for task in made.tasks] == ["M2-01", "M2-02"]
    assert scratch.statuses() == {"A": "done", "M2-01": "not-started", "M2-02": "not-started"}
    assert "**M2 total estimate:** ~5K tokens" in after


def test_it_is_refused_while_the_milestone_before_is_not_done(tmp_path: Path) -> None:
    scratch = planned(tmp_path, PLAN, status="not-started")
    with pytest.raises(UsageError, match="M1, which has open rows: A"):
        expanded(scratch)
    assert len(expanded(scratch, force=True).tasks) == 2


@pytest.mark.parametrize(
    "plan",
    [
        {"goal": "x", "tasks": []},
        {**PLAN, "tasks": [{**TASKS[0], "depends_on": ["M9-99"]}]},
        {**PLAN, "tasks": [TASKS[0], TASKS[0]]},
        "no plan at all",
    ],
)
def test_a_plan_with_errors_is_not_written(tmp_path: Path, plan: object) -> None:
    scratch = planned(tmp_path, plan)
    before = scratch.task_file.read_bytes()
    with pytest.raises(AgentError):
        expanded(scratch)
    assert scratch.task_file.read_bytes() == before


def test_a_milestone_with_tasks_is_not_planned_again(tmp_path: Path) -> None:
    scratch = planned(tmp_path, PLAN)
    expanded(scratch)
    with pytest.raises(MissionError, match="has 2 tasks already"):
        expanded(scratch)


def test_a_run_plans_milestones_as_they_come_and_carries_them_out(tmp_path: Path) -> None:
    scratch = planned(tmp_path, PLAN, status="not-started")
    text = scratch.task_file.read_text()
    scratch.task_file.write_text(text.replace("`worker` | `other`", "`other` | `worker`"))
    kept = KeptPlans(place=Place.find(str(scratch.task_file)))
    kept.keep("M2", "refused once,\r\nas its lines end")
    assert kept.read("M2") == "refused once,\r\nas its lines end"
    with ThreadEngine(2) as engine:
        request = RunRequest(path=str(scratch.task_file), expand=True)
        end = run_mission(request, engine, RecordingDisplay(), Stop())
    assert end.exit_code == 0
    assert scratch.merged() == ["A", "M2-01", "M2-02"]
    assert kept.read("M2") is None


def test_rows_that_were_just_planned_are_published_and_can_be_edited(tmp_path: Path) -> None:
    """A person pushes an edit of a new row while the run carries the others out."""
    scratch = planned(tmp_path, PLAN, status="not-started")
    text = scratch.task_file.read_text()
    scratch.task_file.write_text(text.replace("`worker` | `other`", "`other` | `worker`"))
    gate = tmp_path / "gate.py"
    gate.write_text(EDITS.format(remote=str(scratch.remote), clone=str(tmp_path / "clone")))
    config = scratch.task_file.with_name("mission.yaml")
    gates = [{"type": "script", "run": [sys.executable, "-S", str(gate), "{purpose}:{branch}"]}]
    config.write_text(yaml.safe_dump(yaml.safe_load(config.read_text()) | {"gates": gates}))
    with ThreadEngine(2) as engine:
        request = RunRequest(path=str(scratch.task_file), expand=True)
        end = run_mission(request, engine, RecordingDisplay(), Stop())
    assert end.exit_code == 0, end
    assert scratch.merged() == ["A", "M2-01", "M2-02"]
    assert "number 2, and well." in scratch.task_file.read_text()


# A gate: before the first planned row merges, somebody edits the second one.
EDITS = """
import pathlib, subprocess, sys
clone = pathlib.Path({clone!r})
if sys.argv[1] == "merge:feat/m2-01" and not clone.exists():
    subprocess.run(["git", "clone", "-q", {remote!r}, str(clone)], check=True)
    plan = clone / "plan" / "TASKS.md"
    text = plan.read_text(encoding="utf-8")
    assert "number 2." in text, "the new rows are not on the base"
    plan.write_text(text.replace("number 2.", "number 2, and well."), encoding="utf-8")
    git = ["git", "-C", str(clone), "-c", "user.name=P", "-c", "user.email=p@x.invalid"]
    subprocess.run([*git, "commit", "-qam", "Edit the plan"], check=True)
    subprocess.run([*git, "push", "-q"], check=True)
"""


def costly(scratch: Scratch, folder: Path, **budget: object) -> None:
    """Let the planner say that it used 5,000 tokens, under a budget."""
    script = folder / "planner.py"
    script.write_text(script.read_text().replace('{"outcome"', '{"input_tokens": 5000, "outcome"'))
    config = scratch.task_file.with_name("mission.yaml")
    settings = yaml.safe_load(config.read_text()) | {"budget": budget}
    config.write_text(yaml.safe_dump(settings))


def test_planning_counts_in_the_budget_and_in_what_its_milestone_cost(tmp_path: Path) -> None:
    scratch = planned(tmp_path, PLAN)
    costly(scratch, tmp_path, mission={"tokens": 6000})
    expanded(scratch)
    plan = read(scratch.task_file)
    with scratch.journal() as journal:
        assert journal.spent().tokens == 5000
        report = make_report(plan, journal.attempts(), now=datetime.now(UTC), milestone="M2")
        spent = {task: sums.tokens for task, sums in journal.spent_by_task().items()}
    assert report.total.spent.tokens == report.milestones[0].spent.tokens == 5000
    assert make_overview(plan, Graph.of(plan), spent).milestones[1].spent_tokens == 5000
    end = scratch.run()  # 1,000 tokens are left, and the first row wants 2,000
    assert list(end.over_budget) == ["M2-01"]
    assert scratch.merged() == []


def test_planning_is_refused_where_the_budget_is_used_up(tmp_path: Path) -> None:
    scratch = planned(tmp_path, PLAN)
    costly(scratch, tmp_path, mission={"tokens": 4000})
    with scratch.journal() as journal:
        attempt = journal.start_attempt(
            run=journal.start_run(mission="m", host="h", pid=1, pid_started=1.0),
            task="A", agent="worker", branch=None, base_commit=None, worktree=None, log=None,
            route="",
        )  # fmt: skip
        journal.end_attempt(attempt.id, End.SUCCESS, input_tokens=4000)
    before = scratch.task_file.read_bytes()
    with pytest.raises(BudgetError, match="M2 would bring this mission to 4,000 of 4,000 tokens"):
        expanded(scratch)
    with ThreadEngine(2) as engine:
        request = RunRequest(path=str(scratch.task_file), expand=True)
        end = run_mission(request, engine, RecordingDisplay(), Stop())
    assert "budget.mission" in end.over_budget["M2"]
    assert end.exit_code == 1
    assert scratch.task_file.read_bytes() == before
    with scratch.journal() as journal:
        assert journal.attempts("M2") == []


def test_planning_again_is_expected_to_cost_what_it_cost_before(tmp_path: Path) -> None:
    scratch = planned(tmp_path, "no plan at all")
    costly(scratch, tmp_path, mission={"tokens": 8000})
    with pytest.raises(AgentError):
        expanded(scratch)
    with pytest.raises(BudgetError, match="10,000 of 8,000 tokens"):
        expanded(scratch)


def test_a_planner_without_a_price_is_refused_under_a_limit_of_money(tmp_path: Path) -> None:
    scratch = planned(tmp_path, PLAN)
    costly(scratch, tmp_path, day={"usd": 1.0})
    with pytest.raises(BudgetError, match="the price of other is not known"):
        expanded(scratch)
