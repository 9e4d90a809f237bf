"""Setting cells in a file's text. Everything outside these cells stays as it is, byte for byte."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from errors import RowConflictError, TaskFileError
from tasks_md.chunks import Chunks
from tasks_md.model import (
    STATUSES,
    Cell,
    Milestone,
    Plan,
    RowCells,
    TableLine,
    Task,
    TaskTable,
    find_cells,
)
from tasks_md.parse import parse
from tasks_md.spans import cell_text, display_width, escape
from tasks_md.statuses import canonical_statuses, read_status, status_word
from tasks_md.words import read_agent, read_branch

# Columns that concern only their own row: after setting them nothing else needs to be read again.
_LOCAL = frozenset({"status", "notes", "agent", "branch"})


@dataclass(frozen=True, kw_only=True, slots=True)
class CellChange:
    """One cell to set."""

    task: str  # the row's id
    column: str  # "status", "notes", or any other column of the table but the id
    value: str  # a canonical status, or text; line breaks become spaces
    expect: str | None = None  # the value that the change was decided on; None: any


def set_cells(plan: Plan, changes: Sequence[CellChange]) -> str:
    """The plan's text with these cells set.

    Raises:
        RowConflictError: A cell is not as the change expects it.
        TaskFileError: There is no such task or column, or the row cannot be trusted to be it.
    """
    return apply(plan, changes).text


def apply(plan: Plan, changes: Sequence[CellChange]) -> Plan:
    """The plan with these cells set: the same as parsing the text of `set_cells`, but cheaper.

    Raises:
        RowConflictError: A cell is not as the change expects it.
        TaskFileError: There is no such task or column, or the row cannot be trusted to be it.
    """
    by_task: dict[str, list[CellChange]] = {}
    for change in changes:
        by_task.setdefault(change.task, []).append(change)
    lines: dict[int, str] = {}
    rows: dict[str, TableLine] = {}
    local = True
    for task_id, own in by_task.items():
        task = plan.task(task_id)
        _check(plan, task, own)
        row, table = _row_of(task)
        rows[task_id] = fresh = _write_row(plan, task, table, row, own)
        lines[row.line - 1] = fresh.raw
        local = local and _is_local(plan, table, row, own)
    written = plan.lines.changed(lines)
    if not local:
        return _verified(plan, "".join(written), changes)
    return _patched(plan, written, rows)


def current(task: Task, column: str) -> str:
    """What a change's `expect` is compared with: the canonical status, or the cell's text."""
    return task.status if column == "status" else task.cells[column].text


def _check(plan: Plan, task: Task, changes: Sequence[CellChange]) -> None:
    def refuse(message: str, hint: str = "") -> TaskFileError:
        return TaskFileError(message, hint=hint, path=plan.path, line=task.line)

    if len(plan.by_id) < len(plan.tasks) and sum(t.id == task.id for t in plan.tasks) > 1:
        raise refuse(f"two rows are called {task.id}", "Give each an id of its own")
    for change in changes:
        if change.column not in task.cells:
            message = f"the table of {task.id} has no column {change.column!r}"
            raise refuse(message, f"It has: {', '.join(task.cells)}")
        if change.column == "id":
            raise refuse(f"the id of {task.id} cannot be changed")
        if change.column == "status" and change.value not in STATUSES:
            raise refuse(f"{change.value!r} is no status", f"One of: {', '.join(STATUSES)}")
        now = current(task, change.column)
        if change.expect is not None and now != change.expect:
            raise RowConflictError(
                f"{plan.path}:{task.line}: the {change.column} of {task.id} is {now!r}, "
                f"not {change.expect!r}: somebody changed the row meanwhile",
                hint="Look at the row, then run the command again",
            )


def _row_of(task: Task) -> tuple[TableLine, TaskTable]:
    cells = task.cells
    if not isinstance(cells, RowCells):
        raise TypeError("a task that was not parsed cannot be written")
    return cells.row, cells.table


def _write_row(
    plan: Plan, task: Task, table: TaskTable, row: TableLine, changes: Sequence[CellChange]
) -> TableLine:
    """The row with these cells set."""
    values = {change.column: _text(plan, change) for change in changes}
    raw = row.raw
    appended: dict[int, str] = {}
    # From the right, so that the positions of the cells to the left stay right.
    for column in sorted(values, key=lambda name: -task.cells[name].start):
        cell = task.cells[column]
        if cell.text == values[column]:
            continue
        if cell.missing:
            appended[cell.missing] = values[column]
        else:
            new = _fitted(table, row, column, escape(values[column]))
            if not values[column] and cell.end == row.start + len(row.content.rstrip()):
                new += "|"  # else an empty cell at the end would be no cell at all
            raw = raw[: cell.start] + new + raw[cell.end :]
    end = row.end + len(raw) - len(row.raw)
    if appended:
        body = raw[row.start : end].rstrip()
        cut = row.start + len(body)
        tail = _appended(body, appended)
        raw = raw[:cut] + tail + raw[cut:]
        end += len(tail)
    return TableLine(line=row.line, raw=raw, start=row.start, end=end)


def _text(plan: Plan, change: CellChange) -> str:
    if change.column != "status":
        return cell_text(change.value)
    now = plan.task(change.task)
    if now.status == change.value:
        return now.cells["status"].text  # keep the spelling that stands there
    return status_word(
        change.value,
        declared=plan.declaration.statuses,
        dialect=plan.dialect,
        shown=plan.words,
    )


def _appended(body: str, values: dict[int, str]) -> str:
    """What to put behind a row that lacks cells so that it has those that are set."""
    framed = body.endswith("|") and not body.endswith("\\|")
    cells = [escape(values.get(at, "")) for at in range(1, max(values) + 1)]
    text = "".join(f" {cell} |" if cell else " |" for cell in cells)
    return text if framed else f" |{text}"


def _fitted(table: TaskTable, row: TableLine, column: str, text: str) -> str:
    """The raw cell for `text`: padded as the old one was, in an aligned column to its width."""
    at = table.names.index(column)
    cells = find_cells(row, len(table.names))
    old = row.raw[cells[at].start : cells[at].end]
    lead = len(old) - len(old.lstrip()) if old.strip() else min(1, len(old))
    # Where one space was all, there is none for the other side: text has one on both.
    trail = len(old) - len(old.rstrip()) if old.strip() else max(len(old) - lead, lead)
    goal = display_width(old) if trail > 1 or lead > 1 else 0
    aligned = _aligned_width(table, row, cells, at)
    if aligned:
        goal = aligned
    if lead > 1 and trail <= 1:  # set to the right
        pad = max(1, goal - display_width(text) - trail)
        return " " * pad + text + " " * trail
    before = old[:lead]
    # A backslash right before the pipe would escape it.
    least = 1 if text.endswith("\\") else min(1, trail)
    return before + text + " " * max(least, goal - display_width(before) - display_width(text))


def _aligned_width(table: TaskTable, row: TableLine, cells: Sequence[Cell], at: int) -> int:
    """The width of an aligned column in an aligned row, else 0.

    A column is aligned if its header is as wide as its delimiter. A row is aligned if most of its
    other cells are exactly as wide as their columns.
    """
    widths = [
        display_width(table.header.raw[cell.start : cell.end])
        for cell in find_cells(table.header, len(cells))
    ]
    marks = [
        display_width(table.delimiter.raw[cell.start : cell.end])
        for cell in find_cells(table.delimiter, len(cells))
    ]
    if widths[at] != marks[at]:
        return 0
    others = [n for n in range(len(cells)) if n != at and not cells[n].missing]
    fitting = sum(
        widths[n] == marks[n] == display_width(row.raw[cells[n].start : cells[n].end])
        for n in others
    )
    return widths[at] if fitting * 2 > len(others) else 0


def _is_local(plan: Plan, table: TaskTable, row: TableLine, changes: Sequence[CellChange]) -> bool:
    """Whether these changes concern this row only, and cannot make it something else than a row."""
    return (
        row.content.startswith("|")
        and all(change.column in _LOCAL for change in changes)
        and not any(cell.missing for cell in find_cells(row, len(table.names)))
        and not any(finding.line == row.line for finding in plan.findings)
    )


def _verified(plan: Plan, text: str, changes: Sequence[CellChange]) -> Plan:
    """Parse the new text; the cells must say what was set.

    Raises:
        TaskFileError: They do not: a row without a leading pipe can turn into something else.
    """
    new = parse(text, path=plan.path, dialect=plan.dialect)
    for change in changes:
        task = new.by_id.get(change.task)
        if task is None or task.cells[change.column].text != _text(plan, change):
            old = plan.task(change.task)
            raise TaskFileError(
                f"the row of {change.task} cannot hold {change.value[:40]!r} in {change.column}",
                hint="Start the row with a |",
                path=plan.path,
                line=old.line,
            )
    return replace(new, words=plan.words)


def _patched(plan: Plan, lines: Chunks[str], rows: dict[str, TableLine]) -> Plan:
    """The plan with these rows read again and all else taken over."""
    fresh = {task_id: _reread(plan, plan.task(task_id), row) for task_id, row in rows.items()}
    milestones = tuple(_with(milestone, fresh) for milestone in plan.milestones)
    tasks, by_id = plan.by_id.changed(fresh.values())
    return replace(plan, lines=lines, milestones=milestones, tasks=tasks, by_id=by_id)


def _reread(plan: Plan, task: Task, row: TableLine) -> Task:
    _, table = _row_of(task)
    cells = RowCells(table, row)
    status = cells["status"].text
    branch, branch_kind = read_branch(cells["branch"].text if "branch" in cells else "")
    return replace(
        task,
        cells=cells,
        status=read_status(status, canonical_statuses(plan.dialect)) or status,
        notes=cells["notes"].text if "notes" in cells else "",
        agent=read_agent(cells["agent"].text if "agent" in cells else ""),
        branch=branch,
        branch_kind=branch_kind,
    )


def _with(milestone: Milestone, fresh: Mapping[str, Task]) -> Milestone:
    """The milestone with its new tasks."""
    own = [task for task in fresh.values() if task.milestone == milestone.id]
    if not own:
        return milestone
    places = {bisect_left(milestone.tasks, one.line, key=attrgetter("line")): one for one in own}
    return replace(milestone, tasks=milestone.tasks.changed(places))
