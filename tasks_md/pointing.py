"""Findings that point at a cell."""

from __future__ import annotations

from errors.finding import Finding, Severity
from tasks_md.model import Plan, Task


def in_cell(
    plan: Plan, *, rule: str, severity: Severity, task: Task, column: str, message: str, hint: str
) -> Finding:
    """A finding at the place of a row's cell."""
    cell = task.cells[column]
    return Finding(
        rule=rule,
        severity=severity,
        path=plan.path,
        line=cell.line,
        column=cell.column,
        message=message,
        hint=hint,
        task=task.id,
    )
