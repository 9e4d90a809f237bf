"""Whether git can have the branches of a plan: each alone, beside each other, and beside others.

Git keeps branches like files: where there is a `main`, there can be no `main/fix`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from errors.finding import Finding, Severity
from tasks_md.model import DONE, BranchKind, Plan, Task
from tasks_md.pointing import in_cell
from tasks_md.words import branch_problem, shorten

_LIKE_FILES = "Git keeps branches like files"
# Where a remote takes no refs but branches and tags, what runs tell each other lies below it.
_OURS = "mission-runner"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """A row that has a branch of its own."""

    plan: Plan
    task: Task
    branch: str

    def finding(
        self, rule: str, message: str, hint: str, severity: Severity = Severity.ERROR
    ) -> Finding:
        return in_cell(
            self.plan,
            rule=rule,
            severity=severity,
            task=self.task,
            column="branch",
            message=message,
            hint=hint,
        )


def lint_branches(plan: Plan) -> Iterator[Finding]:
    """What the file alone tells."""
    rows = list(_rows(plan))
    for row in rows:
        problem = branch_problem(row.branch)
        if problem:
            message = f"git refuses the branch name {shorten(row.branch)!r}: {problem}"
            hint = "Write a name like feat/short-name, — for no branch, or (aggregate)"
            yield row.finding("invalid-branch", message, hint)
    users: dict[str, _Row] = {}
    for row in rows:
        if row.task.status == DONE:
            continue
        if row.branch.casefold().split("/")[0] == _OURS:
            message = f"branch {shorten(row.branch)}: {_OURS}/ is for what runs tell each other"
            yield row.finding("invalid-branch", message, "Give the row another branch")
        other = users.setdefault(row.branch, row)
        if other is not row:
            message = f"branch {shorten(row.branch)} belongs to {other.task.id}, which is open too"
            yield row.finding("branch-in-use", message, "Give each open task a branch of its own")
    for branch, row in users.items():
        above = next((parent for parent in _parents(branch) if parent in users), None)
        if above:
            message = f"branch {shorten(branch)} cannot exist beside {shorten(above)}"
            hint = f"{_LIKE_FILES}: rename this one or that of {users[above].task.id}"
            yield row.finding("branch-in-use", message, hint)


def lint_beside_base(plan: Plan, base: str) -> Iterator[Finding]:
    """Rows whose branch is the base, or that git cannot have beside it."""
    for row in _open_rows(plan):
        branch = row.branch
        if branch == base:
            message = f"branch {shorten(branch)} is the base, which the work is merged into"
            yield row.finding("invalid-branch", message, "Give the row a branch of its own")
        elif _nested(branch, base):
            message = f"branch {shorten(branch)} cannot exist beside the base {shorten(base)}"
            hint = f"{_LIKE_FILES}, so that none can lie below another: rename this one"
            yield row.finding("invalid-branch", message, hint)


def lint_beside_others(plan: Plan, base: str, others: Iterable[str]) -> Iterator[Finding]:
    """Rows whose branch git cannot have while another branch is there.

    That one may be gone by then, so these are warnings.

    Args:
        plan: With the rows.
        base: Left out: see `lint_beside_base`.
        others: Branches of the repository, and of its remote.
    """
    there = {other for other in others if other != base}
    above = {parent: other for other in sorted(there) for parent in _parents(other)}
    for row in _open_rows(plan):
        below = (parent for parent in _parents(row.branch) if parent in there)
        other = next(below, None) or above.get(row.branch)
        if other:
            message = f"branch {shorten(row.branch)} cannot exist beside {shorten(other)}, a branch"
            hint = f"{_LIKE_FILES}: rename this one, or delete that one if it is not needed"
            severity = Severity.WARNING
            yield row.finding("invalid-branch", f"{message} that is there", hint, severity)


def lint_folded(plan: Plan, base: str) -> Iterator[Finding]:
    """Rows whose branches are one where upper and lower case are one, as on most laptops."""
    users: dict[str, str] = {base.casefold(): base}
    for row in _open_rows(plan):
        other = users.setdefault(row.branch.casefold(), row.branch)
        if other != row.branch:
            message = f"branch {shorten(row.branch)} differs from {shorten(other)} in case only"
            hint = "This file system takes them for one: give the row another branch"
            yield row.finding("branch-in-use", message, hint)
    for row in _open_rows(plan):
        parents = (users.get(parent.casefold()) for parent in _parents(row.branch))
        above = next((other for other in parents if other), None)
        if above and not row.branch.startswith(f"{above}/"):
            message = f"branch {shorten(row.branch)} cannot exist beside {shorten(above)} here"
            hint = f"{_LIKE_FILES}, and this file system takes no notice of case: rename this one"
            yield row.finding("branch-in-use", message, hint)


def _rows(plan: Plan) -> Iterator[_Row]:
    for task in plan.tasks:
        if task.branch_kind is BranchKind.NAMED and task.branch is not None:
            yield _Row(plan=plan, task=task, branch=task.branch)


def _open_rows(plan: Plan) -> Iterator[_Row]:
    return (row for row in _rows(plan) if row.task.status != DONE)


def _parents(branch: str) -> Iterator[str]:
    return (branch[:at] for at, letter in enumerate(branch) if letter == "/")


def _nested(one: str, other: str) -> bool:
    return one.startswith(f"{other}/") or other.startswith(f"{one}/")
