"""Planning a placeholder: the brief, the answer, the rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.planning import (
    PlannedMilestone,
    PlannedTask,
    milestone_text,
    read_plan,
    write_planning_brief,
)
from errors import AgentError
from errors.finding import Severity
from tasks_md.lint import lint
from tasks_md.model import Plan
from tasks_md.parse import parse, read
from workspace.redact import Redactor

SHIPPED = Path(__file__).parents[3] / "missions" / "federation-v1" / "TASKS.md"

ANSWER = PlannedMilestone(
    goal="Grants can be issued | revoked.",
    tasks=[
        PlannedTask(
            id="FED-M2-01",
            description="Schema: `grants` table\nwith a|b",
            agent="codex",
            branch="feat/federation-m2-schema",
            estimate_tokens=8_000,
        ),
        PlannedTask(
            id="FED-M2-02",
            description="Review it",
            agent="sonnet",
            depends_on=["FED-M2-01"],
            estimate_tokens=4_500,
            notes="Independent.",
        ),
        PlannedTask(
            id="FED-M2-03",
            description="Close the milestone",
            branch="(aggregate)",
            depends_on=["FED-M2-02"],
            estimate_tokens=2_000,
        ),
    ],
)


def _expanded(plan: Plan, planned: PlannedMilestone, milestone: str = "FED-M2") -> Plan:
    place = plan.milestone(milestone)
    text = milestone_text(planned, plan, place)
    before, _, after = plan.around(place)
    return parse(before + text + after)


def test_the_planner_is_told_what_there_is() -> None:
    plan = read(SHIPPED)
    brief = write_planning_brief(
        plan,
        plan.milestone("FED-M2"),
        redact=Redactor(["Federation"]).text,
        actual_tokens={"FED-M1-05": 14_321},
    )
    for told in (
        "# Plan milestone FED-M2",
        "`FED-M2-01`",
        "Its issue: #461",
        "FED-M1-05 [done, sonnet, estimate 10K, used 14321 tokens]",
        "codex, glm-5.1, haiku, sonnet, opus",
        '"estimate_tokens"',
        "change nothing in it",
    ):
        assert told in brief, told
    assert "Federation" not in brief


def test_the_answer_becomes_a_milestone_that_lints_clean() -> None:
    plan = read(SHIPPED)
    after = _expanded(plan, ANSWER)
    milestone = after.milestone("FED-M2")
    assert not milestone.placeholder
    assert [task.id for task in milestone.tasks] == ["FED-M2-01", "FED-M2-02", "FED-M2-03"]
    assert milestone.goal.endswith("Grants can be issued | revoked.") or "|" in milestone.goal
    assert milestone.total_tokens == 14_500
    first = milestone.tasks[0]
    assert first.description == "Schema: `grants` table with a|b"
    assert (first.issue, first.agent, first.status) == ("#461", "codex", "not-started")
    assert milestone.tasks[1].depends_on == ("FED-M2-01",)
    assert milestone.tasks[1].branch is None
    assert milestone.tasks[2].branch_kind == "aggregate"
    before = {(finding.rule, finding.task) for finding in lint(plan)}
    new = [one for one in lint(after) if (one.rule, one.task) not in before]
    assert [one for one in new if one.severity is not Severity.INFO] == []


def test_nothing_else_changes() -> None:
    plan = read(SHIPPED)
    after = _expanded(plan, ANSWER)
    before, _, behind = plan.around(plan.milestone("FED-M2"))
    assert after.text.startswith(before)
    assert after.text.endswith(behind)
    for milestone in plan.milestones:
        if milestone.id != "FED-M2":
            again = after.milestone(milestone.id)
            assert [task.id for task in again.tasks] == [task.id for task in milestone.tasks]


def test_line_ends_and_columns_are_the_file_s_own() -> None:
    text = (
        "## Milestone 1 — A (X-M1)\n\n| task | id | status | deps | team |\n"
        "| - | - | - | - | - |\n| Do | X-M1-01 | done | | core |\n\n"
        "## Milestone 2 — B (X-M2)\n\nLater.\n"
    ).replace("\n", "\r\n")
    planned = PlannedMilestone(
        goal="Go.", tasks=[PlannedTask(id="X-M2-01", description="It", estimate_tokens=1000)]
    )
    after = _expanded(parse(text), planned, "X-M2")
    assert "\n" not in after.text.replace("\r\n", "")
    task = after.task("X-M2-01")
    assert task.cells["description"].text == "It"
    assert task.cells["team"].text == ""


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("I would rather not.", "it holds no JSON object"),
        ('{"goal": "g", "tasks": []}', "tasks: List should have at least 1 item"),
        (
            '{"goal": "g", "tasks": [{"id": "a b", "description": "d", "estimate_tokens": 1000}]}',
            "tasks.0.id: String should match pattern",
        ),
        (
            '{"goal": "g", "tasks": [{"id": "a", "description": "d", "estimate_tokens": 1}]}',
            "tasks.0.estimate_tokens: Input should be greater than or equal to 100",
        ),
    ],
)
def test_an_answer_that_is_no_plan_says_why(answer: str, problem: str) -> None:
    with pytest.raises(AgentError) as caught:
        read_plan(answer)
    assert caught.value.message.startswith(f"the agent's answer is not a plan: {problem}")


def test_a_plan_is_read() -> None:
    assert read_plan(json.dumps(ANSWER.model_dump())) == ANSWER


_CELLS = st.text(min_size=1, max_size=30)


@given(_CELLS, _CELLS, _CELLS, _CELLS)
def test_no_answer_breaks_the_table(goal: str, description: str, branch: str, notes: str) -> None:
    plan = read(SHIPPED)
    planned = PlannedMilestone(
        goal=goal,
        tasks=[
            PlannedTask(
                id="FED-M2-01",
                description=description,
                branch=branch,
                notes=notes,
                estimate_tokens=1_000,
            ),
            PlannedTask(id="FED-M2-02", description="Last", estimate_tokens=1_000),
        ],
    )
    after = _expanded(plan, planned)
    assert [task.id for task in after.milestone("FED-M2").tasks] == ["FED-M2-01", "FED-M2-02"]
    assert [task.id for task in after.tasks if task.milestone != "FED-M2"] == [
        task.id for task in plan.tasks
    ]
