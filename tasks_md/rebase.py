"""Our cells on somebody else's newer file.

A person may push an edit of the task file while a run has statuses in its own copy that are not
committed yet. Lines next to each other conflict for git; cells do not.
"""

from __future__ import annotations

from mission.errors import RowConflictError
from tasks_md.edit import CellChange, current, set_cells
from tasks_md.model import Plan, Task


def rebase(base: Plan, ours: Plan, theirs: Plan) -> str:
    """The text of `theirs` with the cells that `ours` changed since `base`.

    Raises:
        RowConflictError: `ours` differs from `base` in more than cells, or both changed a cell.
    """
    if ours.text == base.text:
        return theirs.text
    if _without_rows(ours) != _without_rows(base) or list(ours.by_id) != list(base.by_id):
        raise RowConflictError(
            f"{ours.path} was edited here and on the remote",
            hint="Commit or undo your own edit of it, then run again",
        )
    changes = [
        change
        for task in ours.tasks
        for change in _changed(base.by_id[task.id], task, theirs.by_id.get(task.id), ours.path)
    ]
    return set_cells(theirs, changes)


def _without_rows(plan: Plan) -> list[str]:
    rows = {task.line for task in plan.tasks}
    return [line for number, line in enumerate(plan.lines, 1) if number not in rows]


def _changed(base: Task, ours: Task, theirs: Task | None, path: str) -> list[CellChange]:
    changes = []
    for name in ours.cells:
        value, before = current(ours, name), current(base, name)
        if value == before:
            continue
        now = current(theirs, name) if theirs is not None and name in theirs.cells else None
        if now == value:
            continue
        if now != before:
            raise RowConflictError(
                f"{path}: {ours.id} was changed here ({name}: {value!r}) and on the remote "
                f"({'the row is gone' if now is None else repr(now)})",
                hint="Make the remote's row agree, then run again",
            )
        changes.append(CellChange(task=ours.id, column=name, value=value, expect=before))
    return changes
