"""A row on its way: what a job is given."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mission.journal import Attempt
from mission.usage import Usage
from orchestrator.ports.row_stop import RowStop
from tasks_md.model import Milestone, Task

#: Gets all that the attempt and its reviews have used by now; says why the agent has to end, if so.
Metered = Callable[[Usage], str | None]


def unlimited(_used: Usage) -> str | None:
    """For rows that no limit is over."""
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """A row to carry out, as it was when it was dispatched."""

    task: Task
    milestone: Milestone
    dependencies: tuple[Task, ...]
    attempt: Attempt
    dependents: tuple[Task, ...] = ()  # rows that wait for this one
    beside: tuple[Task, ...] = ()  # rows that others work on meanwhile
    reviewer: str | None = None  # who may review its finished work; None: nobody was admitted yet
    token_limit: int | None = None  # what its agent or its reviewer may use, by the budget
    meter: Metered = field(default=unlimited, compare=False)  # told what is used, by the budget
    stop: RowStop = field(default_factory=RowStop, compare=False)  # ends this row, or all rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Todo:
    """What a run is for."""

    selected: Collection[str] | None = None  # the rows that may start; None: all
    left: Sequence[Attempt] = ()  # attempts of an earlier run to carry on
    held: Collection[str] = ()  # rows that may not start: an earlier agent is still at them
    until: datetime | None = None  # stay at least so long, for what people ask meanwhile

    def includes(self, task: str) -> bool:
        """Whether a row may start."""
        return task not in self.held and (self.selected is None or task in self.selected)
