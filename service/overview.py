"""How a mission stands: what is done, ready, held up, and what it has cost. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tasks_md.graph import Graph
from tasks_md.model import STATUSES, BranchKind, Milestone, Plan, Task

AGGREGATE = "(aggregate)"


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskView:
    """One row as people see it."""

    task: Task
    ready: bool
    waiting_on: tuple[str, ...]  # direct dependencies that are not done
    spent_tokens: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MilestoneView:
    """One milestone as people see it."""

    milestone: Milestone
    tasks: tuple[TaskView, ...]
    counts: Mapping[str, int]  # by status, every usual one included
    estimate_tokens: int | None  # of its rows; of a placeholder what its text declares
    spent_tokens: int  # on its rows, and on planning it


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """A mission as people see it."""

    mission: str
    path: str
    milestones: tuple[MilestoneView, ...]
    ready: tuple[str, ...]  # in dispatch order
    critical_path: tuple[str, ...]
    # What it was made of, so that whoever shows more of it need not read the file again.
    plan: Plan = field(compare=False, repr=False)
    graph: Graph = field(compare=False, repr=False)

    @property
    def tasks(self) -> list[TaskView]:
        """All rows, in file order."""
        return [view for milestone in self.milestones for view in milestone.tasks]


def make_overview(plan: Plan, graph: Graph, spent: Mapping[str, int]) -> Overview:
    """Put a plan and what the journal knows together.

    Args:
        plan: The task file.
        graph: Of this plan.
        spent: Tokens by task id; by milestone id what planning it took.
    """
    statuses = {task.id: task.status for task in plan.by_id.values()}
    ready = graph.ready(statuses)
    views = _Views(graph=graph, statuses=statuses, ready=frozenset(ready), spent=spent)
    return Overview(
        mission=plan.mission,
        path=plan.path,
        milestones=tuple(views.milestone(milestone) for milestone in plan.milestones),
        ready=ready,
        critical_path=graph.critical_path(),
        plan=plan,
        graph=graph,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Views:
    graph: Graph
    statuses: Mapping[str, str]
    ready: frozenset[str]
    spent: Mapping[str, int]

    def milestone(self, milestone: Milestone) -> MilestoneView:
        tasks = tuple(self.task(task) for task in milestone.tasks)
        counted = Counter(view.task.status for view in tasks)
        estimates = [task.estimate_tokens or 0 for task in milestone.tasks]
        return MilestoneView(
            milestone=milestone,
            tasks=tasks,
            counts=dict.fromkeys(STATUSES, 0) | counted,
            estimate_tokens=sum(estimates) if estimates else milestone.total_tokens,
            spent_tokens=sum(view.spent_tokens for view in tasks)
            + (0 if milestone.id in self.statuses else self.spent.get(milestone.id, 0)),
        )

    def task(self, task: Task) -> TaskView:
        return TaskView(
            task=task,
            ready=task.id in self.ready,
            waiting_on=self.graph.waiting_on(task.id, self.statuses),
            spent_tokens=self.spent.get(task.id, 0),
        )


def overview_data(
    overview: Overview, more: Callable[[str], Mapping[str, object]]
) -> dict[str, object]:
    """The overview as `mission status --json` prints it; `more` has, by the name of a row or a
    milestone, what else is known of it."""
    return {
        "mission": overview.mission,
        "path": overview.path,
        "milestones": [_milestone_data(milestone, more) for milestone in overview.milestones],
        "ready": list(overview.ready),
        "critical_path": list(overview.critical_path),
    }


def _milestone_data(
    view: MilestoneView, more: Callable[[str], Mapping[str, object]]
) -> dict[str, object]:
    return {
        "id": view.milestone.id,
        "title": view.milestone.title,
        "issue": view.milestone.issue,
        "placeholder": view.milestone.placeholder,
        "counts": dict(view.counts),
        "estimate_tokens": view.estimate_tokens,
        "spent_tokens": view.spent_tokens,
        "tasks": [
            {**task_data(task), "spent_tokens": task.spent_tokens, **more(task.task.id)}
            for task in view.tasks
        ],
        **(more(view.milestone.id) if view.milestone.placeholder else {}),
    }


def task_data(view: TaskView) -> dict[str, object]:
    """One row as the commands' JSON has it. An `(aggregate)` branch is named as in the file."""
    task = view.task
    return {
        "id": task.id,
        "status": task.status,
        "description": task.description,
        "issue": task.issue,
        "agent": task.agent,
        "branch": AGGREGATE if task.branch_kind is BranchKind.AGGREGATE else task.branch,
        "depends_on": list(task.depends_on),
        "estimate_tokens": task.estimate_tokens,
        "notes": task.notes,
        "line": task.line,
        "ready": view.ready,
        "waiting_on": list(view.waiting_on),
    }
