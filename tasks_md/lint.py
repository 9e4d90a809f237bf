"""What is wrong with a plan as a whole. Each rule is a function that yields findings.

Reading the file has found some things already (`Plan.findings`). `rules.RULES` names every rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from errors.finding import Finding, Severity
from tasks_md.branches import lint_branches
from tasks_md.columns import header_key
from tasks_md.graph import Graph
from tasks_md.model import AUTO, DONE, STATUSES, Plan
from tasks_md.nearest import did_you_mean
from tasks_md.pointing import in_cell
from tasks_md.statuses import canonical_statuses, status_key
from tasks_md.words import bare, shorten

__all__ = ["Finding", "Severity", "lint"]


def lint(plan: Plan) -> tuple[Finding, ...]:
    """Everything worth knowing about a plan, in the order of the file."""
    found = list(plan.findings)
    for check in _CHECKS:
        found.extend(check(plan))
    return tuple(sorted(found, key=lambda f: (f.line, f.column, f.rule)))


def _at(
    plan: Plan, *, rule: str, severity: Severity, line: int, message: str, hint: str
) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        path=plan.path,
        line=line,
        column=1,
        message=message,
        hint=hint,
    )


def _statuses(plan: Plan) -> Iterator[Finding]:
    """Words that nobody knows, or that the file does not declare."""
    known = {status_key(word) for word in (*plan.statuses, *plan.dialect.statuses)}
    for task in plan.tasks:
        understood = task.status in STATUSES
        if understood and task.status in known:
            continue
        word = task.cells["status"].text
        declared = status_key(word) in known
        if understood and declared:
            continue
        hint = did_you_mean(word, plan.statuses, f"The file declares: {', '.join(plan.statuses)}")
        if not word:
            message = "the row has no status"
        elif declared:
            message = f"status {shorten(word)!r} is declared, but nobody knows what it means"
            hint = f"Say which of {', '.join(STATUSES)} it is with `statuses:` in mission.yaml"
        else:
            message = f"status {shorten(word)!r} is not declared"
            if not understood:
                hint += "; or say what it means with `statuses:` in mission.yaml"
        severity = Severity.WARNING if understood else Severity.ERROR
        yield in_cell(
            plan,
            rule="unknown-status",
            severity=severity,
            task=task,
            column="status",
            message=message,
            hint=hint,
        )


def _borrowed_statuses(plan: Plan) -> Iterator[Finding]:
    """Words of other tools that are understood: each once, at its first row."""
    ours = canonical_statuses(plan.dialect)
    words = (word for shown in plan.words.values() for word in shown)
    borrowed = {key for word in words if (key := status_key(word)) not in ours}
    for task in plan.tasks if borrowed else ():
        word = task.cells["status"].text
        key = status_key(word)
        if key in borrowed and task.status in STATUSES:
            borrowed.discard(key)
            named = word if word.replace(" ", "").isalnum() else f'"{word}"'
            yield in_cell(
                plan,
                rule="borrowed-status",
                severity=Severity.INFO,
                task=task,
                column="status",
                message=f"status {shorten(word)!r} is understood as {task.status}",
                hint=f"`statuses: {{{named}: {task.status}}}` in mission.yaml says so, or another",
            )


def _agents(plan: Plan) -> Iterator[Finding]:
    declared = {agent.casefold() for agent in plan.agents}
    if not declared:
        return
    for task in plan.tasks:
        if task.agent == AUTO or task.agent.casefold() in declared:
            continue
        hint = did_you_mean(task.agent, plan.agents, f"The file declares: {', '.join(plan.agents)}")
        message = f"agent {shorten(task.agent)!r} is not declared"
        yield in_cell(
            plan,
            rule="unknown-agent",
            severity=Severity.ERROR,
            task=task,
            column="agent",
            message=message,
            hint=hint,
        )


def _repeated_ids(plan: Plan) -> Iterator[Finding]:
    for task in plan.tasks:
        first = plan.by_id[task.id]
        if task is not first:
            yield in_cell(
                plan,
                rule="duplicate-id",
                severity=Severity.ERROR,
                task=task,
                column="id",
                message=f"{task.id} is the id of the row in line {first.line} already",
                hint="Give each row an id of its own; neither row runs until then",
            )


def _order(plan: Plan) -> Iterator[Finding]:
    for task in plan.by_id.values():
        if task.id in task.depends_on:
            yield in_cell(
                plan,
                rule="self-dependency",
                severity=Severity.ERROR,
                task=task,
                column="depends_on",
                message=f"{task.id} depends on itself",
                hint="Take it out of the cell",
            )
    for cycle in Graph.of(plan).cycles:
        path = " → ".join(cycle if len(cycle) <= 40 else (*cycle[:20], "…", *cycle[-20:]))
        length = "" if len(cycle) <= 40 else f" ({len(cycle) - 1} tasks)"
        yield in_cell(
            plan,
            rule="cycle",
            severity=Severity.ERROR,
            task=plan.by_id[cycle[0]],
            column="depends_on",
            message=f"each of these waits for the next{length}: {path}",
            hint="Take one of these dependencies out",
        )


def _done_too_early(plan: Plan) -> Iterator[Finding]:
    for task in plan.tasks:
        if task.status != DONE:
            continue
        open_ones = [d for d in task.depends_on if plan.by_id[d].status != DONE]
        if open_ones:
            names = ", ".join(open_ones[:5]) + (" …" if len(open_ones) > 5 else "")
            yield in_cell(
                plan,
                rule="done-before-dependency",
                severity=Severity.WARNING,
                task=task,
                column="status",
                message=f"{task.id} is done, but it depends on {names}, not done yet",
                hint="Correct the status or the dependency",
            )


def _totals(plan: Plan) -> Iterator[Finding]:
    for milestone in plan.milestones:
        if milestone.total_line is None or milestone.placeholder:
            continue
        if milestone.total_tokens is None:
            yield _at(
                plan,
                rule="unreadable-total",
                severity=Severity.WARNING,
                line=milestone.total_line,
                message=f"the total estimate of {milestone.id} is no number of tokens",
                hint="Write it like 74K",
            )
            continue
        actual = sum(task.estimate_tokens or 0 for task in milestone.tasks)
        if actual != milestone.total_tokens:
            yield _at(
                plan,
                rule="total-differs",
                severity=Severity.WARNING,
                line=milestone.total_line,
                message=f"the rows of {milestone.id} add up to {actual:,} tokens, "
                f"the text says {milestone.total_tokens:,}",
                hint="Correct the total or the estimates",
            )


def _headers(plan: Plan) -> Iterator[Finding]:
    declared = [header_key(name) for name in plan.declaration.schema]
    if not declared:
        return
    for table in plan.tables:
        headers = [header_key(text) for text in table.headers]
        if headers != declared:
            extra = [bare(t) for t in table.headers if header_key(t) not in declared]
            more = f"; it has also: {', '.join(extra)}" if extra else ""
            yield _at(
                plan,
                rule="header-differs",
                severity=Severity.WARNING,
                line=table.header.line,
                message=f"the table's header is not the declared schema{more}",
                hint=f"Declared: {', '.join(plan.declaration.schema)}",
            )


def _placeholders(plan: Plan) -> Iterator[Finding]:
    for milestone in plan.milestones:
        if milestone.placeholder:
            issue = f" (issue {milestone.issue})" if milestone.issue else ""
            yield _at(
                plan,
                rule="placeholder",
                severity=Severity.INFO,
                line=milestone.line,
                message=f"{milestone.id} is not planned yet{issue}; when its time has come, "
                f"`mission expand {milestone.id}` does it",
                hint="It needs no table until then",
            )


_CHECKS: tuple[Callable[[Plan], Iterable[Finding]], ...] = (
    _statuses,
    _borrowed_statuses,
    _agents,
    _repeated_ids,
    _order,
    _done_too_early,
    lint_branches,
    _totals,
    _headers,
    _placeholders,
)
