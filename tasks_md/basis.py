"""What our copy of the task file was made from, after a crash between two steps of publishing it.

A status commit is this copy as it was at one moment, so the copy goes on from it; but the checkout
may not know of the commit yet, and a person may have put the file back to what the checkout has.
"""

from __future__ import annotations

from collections.abc import Mapping

from tasks_md.edit import CellChange, current, set_cells
from tasks_md.model import Plan, Task


def built_on(checked_out: Plan, published: Plan, ours: Plan, said: Mapping[str, str]) -> str:
    """The text whose difference to `ours` is what is to be kept.

    Args:
        checked_out: As the checkout's commit has it.
        published: A later version, which our own copy was when it was committed.
        ours: The copy as it is now.
        said: The last status of each row by the journal, people's requests included.
    """
    names = [*published.by_id, *(name for name in checked_out.by_id if name not in published.by_id)]
    changed = [name for name in names if _cells(published, name) != _cells(checked_out, name)]
    put_back = all(_cells(ours, name) == _cells(checked_out, name) for name in changed)
    if not put_back or (not changed and ours.lines != checked_out.lines):
        return published.text
    # As in a file that was put back, or as after a retry: the journal tells these rows apart.
    asked = [
        published.by_id[name]
        for name in changed
        if name in published.by_id
        and name in ours.by_id
        and said.get(name) == ours.by_id[name].status != published.by_id[name].status
    ]
    return set_cells(
        checked_out, [one for task in asked for one in _as_in(task, checked_out.by_id[task.id])]
    )


def _cells(plan: Plan, name: str) -> Mapping[str, str] | None:
    """What a row says; None: there is no such row."""
    task = plan.by_id.get(name)
    return None if task is None else {column: current(task, column) for column in task.cells}


def _as_in(wanted: Task, task: Task) -> list[CellChange]:
    return [
        CellChange(
            task=task.id,
            column=column,
            value=current(wanted, column),
            expect=current(task, column),
        )
        for column in task.cells
        if column in wanted.cells and current(wanted, column) != current(task, column)
    ]
