"""What the file says against the facts: git's, the forge's, the gates' and the journal's."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gates.protocol import GateRequest, GateState, Purpose
from mission.journal.kinds import Merged
from mission.state import Actor, Status
from orchestrator.board import Board, StatusChange
from orchestrator.context import Context
from orchestrator.taking_over import vouched_for
from tasks_md.finding import Finding, Severity
from tasks_md.model import Plan, Task
from workspace.squash import landings

_ISSUE = re.compile(r"#(\d+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreement:
    """One row, issue or branch that is not as the file says."""

    finding: Finding
    fix: StatusChange | None = None  # what the facts prove; None: a person has to decide


def compare(context: Context, board: Board) -> list[Disagreement]:
    """Every disagreement, in file order; then those about issues and the base.

    What was done before this runner came is taken at its word unless git disproves it. A row that
    is done since then needs an attempt in the journal, a merge on the base, or a person's word.

    Raises:
        GitError: The remote cannot be reached.
        ForgeError: The forge did not answer.
    """
    base = context.repository.fetch_base()
    landed = _landed(context, base)
    vouched = vouched_for(context.journal, board.plan) | landed.keys()
    found = [
        one
        for task in board.plan.tasks
        if (one := _row(context, board, task, base, landed, vouched)) is not None
    ]
    return [*found, *_issues(context, board.plan), *_base(context, board.plan, base)]


def fix(board: Board, disagreements: list[Disagreement]) -> int:
    """Set what the facts prove, nothing else; how many rows."""
    fixes = [one.fix for one in disagreements if one.fix is not None]
    for change in fixes:
        board.stage(change)
    board.write()
    return len(fixes)


def _row(
    context: Context,
    board: Board,
    task: Task,
    base: str,
    landed: Mapping[str, str],
    vouched: Collection[str],
) -> Disagreement | None:
    status = board.status(task.id)
    commit = landed.get(task.id)
    if status is Status.DONE:
        lost = _not_landed(context, task, base) if task.branch and commit is None else None
        return lost or (None if task.id in vouched else _not_journalled(task))
    if commit is not None:
        proved = StatusChange(
            task=task.id,
            status=Status.DONE,
            word=f"merged as {commit[:10]}",
            actor=Actor.FACTS,
            reason="its merge is on the base",
        )
        return _row_found(
            task,
            "merged-not-done",
            f"{task.id} is {task.status}, but {commit[:10]} on {context.repository.base} merged it",
            "`mission verify --fix` sets it to done",
            proved,
        )
    if status is Status.IN_PROGRESS and not any(
        attempt.task == task.id for attempt in context.journal.open_attempts()
    ):
        return _row_found(
            task,
            "nobody-at-work",
            f"{task.id} is in-progress, but this runner has no attempt under way",
            f"If nobody works on it: `mission set {task.id} not-started`",
        )
    return None


def _not_landed(context: Context, task: Task, base: str) -> Disagreement | None:
    """A row that is done, of which the base shows no merge."""
    git = context.repository.git
    tip = _branch_tip(context, task.branch or "")
    finished = [one for one in context.journal.attempts(task.id) if one.head is not None]
    if tip is not None and not git.fits("merge-base", "--is-ancestor", tip, base):
        why = f"its branch {task.branch} has commits that {context.repository.base} has not"
    elif finished:
        why = f"attempt {finished[-1].number} was not merged into {context.repository.base}"
    else:
        return None
    return _row_found(
        task,
        "done-not-merged",
        f"{task.id} is done, but {why}",
        f"`mission history {task.id}` shows what happened",
    )


def _not_journalled(task: Task) -> Disagreement:
    """A row that is done, and nobody knows why."""
    return _row_found(
        task,
        "done-not-journalled",
        f"{task.id} is done, but it was not when the runner came, and since then there is no "
        "attempt, no merge and no person's word",
        f"If it is done: `mission set {task.id} done` vouches for it; else correct the row",
    )


def _row_found(
    task: Task, rule: str, message: str, hint: str, change: StatusChange | None = None
) -> Disagreement:
    cell = task.cells["status"]
    finding = Finding(
        rule=rule,
        severity=Severity.ERROR,
        path="",
        line=task.line,
        column=cell.column,
        message=message,
        hint=hint,
        task=task.id,
    )
    return Disagreement(finding=finding, fix=change)


def _landed(context: Context, base: str) -> dict[str, str]:
    """Task -> the commit on the base that merged it: by the journal, else by its trailers."""
    git = context.repository.git
    found: dict[str, str] = {}
    for one in landings(git, base, context.task_file):
        found.setdefault(one.task, one.commit)
    for event in context.journal.events(Merged):
        commit = event.what.commit
        if event.task is not None and git.fits("merge-base", "--is-ancestor", commit, base):
            found[event.task] = commit
    return found


def _branch_tip(context: Context, branch: str) -> str | None:
    """The branch on the remote, where there is one, else here."""
    repository = context.repository
    if repository.remote is None:
        return repository.git.commit(f"refs/heads/{branch}")
    listed = repository.git.text("ls-remote", repository.remote, f"refs/heads/{branch}")
    tip = listed.partition("\t")[0]
    if not tip or repository.git.commit(tip) is not None:
        return tip or None
    repository.git.run("fetch", "--quiet", "--no-tags", repository.remote, f"refs/heads/{branch}")
    return tip


def _issues(context: Context, plan: Plan) -> list[Disagreement]:
    """Issues that the forge has open though all their rows are done, and the other way round."""
    if context.pulls is None:
        return []
    rows: dict[int, list[Task]] = {}
    for task in plan.tasks:
        named = _ISSUE.fullmatch(task.issue or "")
        if named:
            rows.setdefault(int(named[1]), []).append(task)
    found = []
    for number, tasks in rows.items():
        done = all(task.status == Status.DONE for task in tasks)
        issue = context.pulls.forge.issue(number)
        if issue.open == done:
            state = "open" if issue.open else "closed"
            said = "every row that names it is done" if done else "rows that name it are not done"
            found.append(
                _row_found(
                    tasks[-1],
                    f"issue-{state}",
                    f"#{number} is {state}, but {said}",
                    f"See {issue.url}",
                )
            )
    return found


def _base(context: Context, plan: Plan, base: str) -> list[Disagreement]:
    """The gates' word on the base as it is, asked once."""
    request = GateRequest(
        purpose=Purpose.MERGE,
        branch=context.repository.base,
        base=context.repository.base,
        commit=base,
    )
    verdicts = [gate.check(request) for gate in context.gates]
    return [
        Disagreement(
            finding=Finding(
                rule="base-not-green",
                severity=(
                    Severity.ERROR if verdict.state is GateState.FAILED else Severity.WARNING
                ),
                path="",
                line=1,
                column=1,
                message=f"{context.repository.base} at {base[:10]}: gate {verdict.gate} says "
                f"{verdict.state}: {context.redactor.text(verdict.detail)}",
                hint="`mission gate queue --purpose merge` waits for it",
            )
        )
        for verdict in verdicts
        if verdict.state is not GateState.CLEAR and plan.tasks
    ]
