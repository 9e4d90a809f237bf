"""Small plans for tests."""

from __future__ import annotations

from tasks_md.model import Plan, Task
from tasks_md.parse import parse

HEADER = "| id | status | description | issue | agent | branch | depends_on | estimate | notes |"
RULE = "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"


def make_plan(*rows: str, goal: str = "Goal: it works.", after: str = "") -> Plan:
    """A plan with one milestone."""
    lines = ["# Tasks", "", "## Milestone 1 — First (T-M1)", "", goal, "", HEADER, RULE, *rows]
    return parse("\n".join(lines) + "\n\n" + after)


def make_task(
    description: str = "Do it",
    *,
    agent: str = "—",
    branch: str = "feat/x",
    notes: str = "",
    task_id: str = "T-01",
) -> Task:
    """A task as parsing gives it."""
    row = (
        f"| {task_id} | not-started | {description} | #1 | {agent} | {branch} | — | 4K | {notes} |"
    )
    return make_plan(row).task(task_id)
