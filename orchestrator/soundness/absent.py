"""Agents that open rows go to and that cannot start on this machine."""

from __future__ import annotations

from collections.abc import Iterator

from agents.registry import create, settings
from errors import MissionError
from errors.finding import Finding, Severity
from mission.config import MissionConfig
from policy.routing import route
from tasks_md.model import DONE, Plan, Task


def lint_absent(plan: Plan, config: MissionConfig) -> Iterator[Finding]:
    """A warning for each such agent, at the first of its rows: each of them would be blocked."""
    for agent, rows in open_rows(plan, config).items():
        missing = _missing(agent, config)
        if missing is None:
            continue
        first = rows[0]
        place = first.cells.get("agent")
        yield Finding(
            rule="absent-agent",
            severity=Severity.WARNING,
            path=plan.path,
            line=first.line,
            column=place.column if place is not None else 1,
            message=f"{_named(rows)} would go to {agent}, which cannot start here",
            hint=missing[:1].upper() + missing[1:],
            task=first.id,
        )


def open_rows(plan: Plan, config: MissionConfig) -> dict[str, list[Task]]:
    """The rows that each agent still has to carry out, in file order. A row is left out that a rule
    keeps from being routed: `mission.lint` tells of the rule."""
    rows: dict[str, list[Task]] = {}
    for task in plan.tasks:
        try:
            agent = route(task, config).agent if task.status != DONE else None
        except MissionError:
            continue
        if agent is not None:
            rows.setdefault(agent, []).append(task)
    return rows


def _missing(agent: str, config: MissionConfig) -> str | None:
    """What keeps an agent from starting; of one that is configured wrongly others tell."""
    try:
        own = settings(agent, config)
        return None if own.where == "worker" else create(agent, own).missing()
    except MissionError:
        return None


def _named(rows: list[Task]) -> str:
    if len(rows) == 1:
        return rows[0].id
    return f"{len(rows)} open rows, {rows[0].id} the first of them,"
