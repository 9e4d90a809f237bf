"""Small task files for the tests."""

from __future__ import annotations

from collections.abc import Sequence

HEADER = "| id | status | description | issue | agent | branch | depends_on | estimate | notes |"
RULE = "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"

TOP = f"""# Tasks — Example

> **Mission:** example-1
> **Schema:** `{HEADER}`
> **Status values:** `not-started` | `in-progress` | `done` | `blocked` | `failed` | `needs-qa`
> **Agent values:** `codex` | `haiku` | `sonnet` | `—` (auto)

## Milestone 1 — Ground work (M1)

Goal: everything stands.

"""


def row(
    task: str,
    status: str = "not-started",
    depends_on: str = "—",
    *,
    estimate: str = "4K",
    branch: str | None = None,
    agent: str = "sonnet",
    notes: str = "",
    description: str = "Do it",
    issue: str = "#7",
) -> str:
    branch = f"feat/{task.lower()}" if branch is None else branch
    cells = (task, status, description, issue, agent, branch, depends_on, estimate, notes)
    return f"| {' | '.join(cells)} |"


def plan_text(rows: Sequence[str], *, top: str = TOP, after: str = "") -> str:
    return top + "\n".join([HEADER, RULE, *rows]) + "\n" + after
