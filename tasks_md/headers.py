"""Whether a table's header tells what its rows say; where it does not, none of them is trusted."""

from __future__ import annotations

from typing import Protocol

from errors.finding import Severity
from tasks_md.columns import column_names, doubles, resembling
from tasks_md.model import Declaration, Dialect, RowCells, TaskTable
from tasks_md.words import shorten

# What a task does depends on these columns; without one of the others only less is known.
_ACTED_ON = frozenset({"description", "agent", "branch", "depends_on"})


class Report(Protocol):
    """Takes a finding at a line and column, both from 1."""

    def __call__(
        self, rule: str, severity: Severity, place: tuple[int, int], message: str, hint: str
    ) -> None: ...


def check_header(
    table: TaskTable, declaration: Declaration, dialect: Dialect, report: Report, *, named: bool
) -> list[str]:
    """Reasons to trust no row of this table; `named` as in `column_names`."""
    return [
        *_doubles(table, dialect, report, named=named),
        *_lacking(table, declaration, dialect, report, named=named),
    ]


def _doubles(table: TaskTable, dialect: Dialect, report: Report, *, named: bool) -> list[str]:
    distrust = []
    headers = table.headers
    for at in doubles(headers, table.names, dialect.columns, named=named):
        cell = RowCells(table, table.header)[table.names[at]]
        message = f"column {shorten(headers[at])!r} repeats the meaning of an earlier column"
        report(
            "duplicate-column",
            Severity.ERROR,
            (cell.line, cell.column),
            message,
            "Keep one of them, or give it another meaning with `columns` in mission.yaml",
        )
        distrust.append(message)
    return distrust


def _lacking(
    table: TaskTable, declaration: Declaration, dialect: Dialect, report: Report, *, named: bool
) -> list[str]:
    distrust = []
    place = (table.header.line, 1)
    declared = column_names(declaration.schema, dialect.columns, named=named)
    lacking = [name for name in declared if name not in table.names]
    if lacking:
        matters = any(name in _ACTED_ON for name in lacking)
        report(
            "missing-column",
            Severity.ERROR if matters else Severity.WARNING,
            place,
            f"the table lacks columns that the file declares: {', '.join(lacking)}",
            "Correct the header, or the schema in the quote at the top",
        )
    meant = resembling(table.names, "depends_on")
    if meant is not None and "depends_on" not in lacking:
        message = f"column {shorten(meant)!r} is not known, and there is no depends_on"
        report(
            "missing-column",
            Severity.ERROR,
            place,
            message,
            "Call it depends_on, or say what it means with `columns` in mission.yaml",
        )
        distrust.append(message)
    if "depends_on" in lacking:
        distrust.append("the table has no depends_on column, though the file declares one")
    return distrust
