"""A placeholder is planned by an agent, checked, and written in place of its text alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mission.errors import AgentError, MissionError, UsageError
from orchestrator.display import RecordingDisplay
from orchestrator.engine import ThreadEngine
from orchestrator.expanding import Expansion, expand, write_expansion
from orchestrator.opening import open_mission
from orchestrator.run import RunRequest, run_mission
from tests.scratch import WORKER, Scratch, make, row
from workspace.process import Stop

pytestmark = pytest.mark.timeout(120)

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
        "worker": {"type": "command", "run": [sys.executable, str(folder / "worker.py")]},
        "other": {"type": "command", "run": [sys.executable, str(script)]},
    }
    rows = [row("A", status=status), PLACEHOLDER]
    return make(folder, rows, worker=WORKER, config={"agents": agents})


def expanded(scratch: Scratch, *, force: bool = False) -> Expansion:
    """What the planner would have, checked and written."""
    with open_mission(str(scratch.task_file), RecordingDisplay(), Stop()) as (context, _):
        made = expand(context, "M2", planner="other", force=force)
        write_expansion(context, made)
        return made


def test_the_plan_takes_the_place_of_the_placeholder_s_text_alone(tmp_path: Path) -> None:
    scratch = planned(tmp_path, PLAN)
    before = scratch.task_file.read_text()
    made = expanded(scratch)
    after = scratch.task_file.read_text()
    head, tail = before.split("\n_Deferred. Issue #7._\n", 1)
    assert after.startswith(head)
    assert after.endswith(tail)
    assert made.rows == 2
    assert scratch.statuses() == {"A": "done", "M2-01": "not-started", "M2-02": "not-started"}
    assert "**M2 total estimate:** ~5K tokens" in after


def test_it_is_refused_while_the_milestone_before_is_not_done(tmp_path: Path) -> None:
    scratch = planned(tmp_path, PLAN, status="not-started")
    with pytest.raises(UsageError, match="M1, which has open rows: A"):
        expanded(scratch)
    assert expanded(scratch, force=True).rows == 2


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
    with ThreadEngine(2) as engine:
        request = RunRequest(path=str(scratch.task_file), expand=True)
        end = run_mission(request, engine, RecordingDisplay(), Stop())
    assert end.exit_code == 0
    assert scratch.merged() == ["A", "M2-01", "M2-02"]
