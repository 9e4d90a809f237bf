"""The boundary to the task file: read anew each time, written cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tasks_md.edit import CellChange, apply
from tasks_md.model import Dialect, Plan
from tasks_md.parse import parse


class PlanFile(Protocol):
    """A task file that one process writes."""

    def read(self) -> Plan:
        """The plan as the file has it now.

        Raises:
            TaskFileError: It cannot be read.
        """

    def apply(self, changes: Sequence[CellChange]) -> Plan:
        """Set cells; the plan as the file has it then.

        Raises:
            RowConflictError: A cell is not what its change expects. Nothing was written.
            TaskFileError: It cannot be read, or written.
        """


class PlanInMemory:
    """The shipped fake: the text of a task file."""

    def __init__(self, text: str, dialect: Dialect | None = None) -> None:
        self.text = text  # what somebody else writes is set here
        self._dialect = dialect or Dialect()

    def read(self) -> Plan:
        return parse(self.text, path="TASKS.md", dialect=self._dialect)

    def apply(self, changes: Sequence[CellChange]) -> Plan:
        plan = apply(self.read(), changes)
        self.text = plan.text
        return plan
