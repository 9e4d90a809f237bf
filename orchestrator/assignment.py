"""A row on its way: what a job is given."""

from __future__ import annotations

from dataclasses import dataclass

from mission.journal import Attempt
from tasks_md.model import Milestone, Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """A row to carry out, as it was when it was dispatched."""

    task: Task
    milestone: Milestone
    dependencies: tuple[Task, ...]
    attempt: Attempt
    approved: bool = False  # a person approved it: merge it without asking for one again
    token_limit: int | None = None  # what the attempt may use, by the budget
