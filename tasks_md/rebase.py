"""Our changes on somebody else's newer file.

A person may push an edit of the task file while a run has statuses in its own copy that are not
committed yet. Lines next to each other conflict for git; cells do not. So cells go over one by one;
where more than cells differs here, as after a milestone was planned, lines are merged for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from errors import RowConflictError
from tasks_md.edit import CellChange, current, set_cells
from tasks_md.model import Plan, Task

#: Merges lines three ways: ours, the common base, theirs. None where both changed the same ones.
MergeLines = Callable[[str, str, str], str | None]


def rebase(base: Plan, ours: Plan, theirs: Plan, merge_lines: MergeLines) -> str:
    """The text of `theirs` with what `ours` changed since `base`.

    Raises:
        RowConflictError: Both changed a cell, or the same lines outside of the cells.
    """
    if ours.lines == base.lines:
        return theirs.text
    changes = [
        change
        for task in ours.tasks
        if task.id in base.by_id
        for change in _changed(base.by_id[task.id], task)
        if _is_open(change, theirs.by_id.get(task.id), ours.path)
    ]
    text = set_cells(theirs, changes)
    if _without_rows(ours) == _without_rows(base) and list(ours.by_id) == list(base.by_id):
        return text
    merged = merge_lines(ours.text, _with_rows_of(base, ours), text)
    if merged is None:
        raise RowConflictError(
            f"{ours.path} was edited here and on the remote, in the same lines",
            hint="Commit or undo your own edit of it, then run again",
        )
    return merged


def _without_rows(plan: Plan) -> list[str]:
    rows = {task.line for task in plan.tasks}
    return [line for number, line in enumerate(plan.lines, 1) if number not in rows]


def _with_rows_of(base: Plan, ours: Plan) -> str:
    """The base with our lines in place of the rows that both have: what their cells are is settled,
    and of the lines only the rest is left to merge."""
    lines = list(base.lines)
    for task in base.by_id.values():
        if task.id in ours.by_id:
            lines[task.line - 1] = ours.lines[ours.by_id[task.id].line - 1]
    return "".join(lines)


def _changed(base: Task, ours: Task) -> list[CellChange]:
    return [
        CellChange(task=ours.id, column=name, value=current(ours, name), expect=current(base, name))
        for name in ours.cells
        if name in base.cells and current(ours, name) != current(base, name)
    ]


def _is_open(change: CellChange, theirs: Task | None, path: str) -> bool:
    """Whether a change is still to be made there.

    Raises:
        RowConflictError: They made another one.
    """
    name = change.column
    now = current(theirs, name) if theirs is not None and name in theirs.cells else None
    if now == change.value:
        return False
    if now != change.expect:
        raise RowConflictError(
            f"{path}: {change.task} was changed here ({name}: {change.value!r}) and on the remote "
            f"({'the row is gone' if now is None else repr(now)})",
            hint="Make the remote's row agree, then run again",
        )
    return True


def built_on(checked_out: Plan, published: Plan, ours: Plan, said: Mapping[str, str]) -> str:
    """The text whose difference to `ours` is what is to be kept, after a crash between two steps of
    publishing our copy.

    A status commit is our copy as it was at one moment, so the copy goes on from it; but the
    checkout may not know of the commit yet, and a person may have put the file back to what the
    checkout has.

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
