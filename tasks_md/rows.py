"""From table rows to tasks. What cannot be trusted in a row is noted on it, and it never runs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from errors.finding import Finding, Severity
from tasks_md.blocks import RawTable
from tasks_md.columns import (
    column_names,
    ids_are_names,
    is_number,
    is_task_table,
    title_column,
)
from tasks_md.dependencies import DependencyReader
from tasks_md.headers import check_header
from tasks_md.model import Declaration, Dialect, RowCells, TableLine, Task, TaskTable
from tasks_md.naming import described, split_id
from tasks_md.sections import Section
from tasks_md.spans import raw_cells, unescape
from tasks_md.statuses import canonical_statuses, read_status
from tasks_md.words import (
    bare,
    is_nothing,
    read_agent,
    read_branch,
    read_issue,
    read_tokens,
    shorten,
)

# An id names folders, branches and trailers, so it is one plain word.
_ID = re.compile(r"[\w#][\w.#:@-]{0,99}")
_LONGEST_STATUS = 60  # characters; longer ones are no example to follow


@dataclass(kw_only=True, slots=True)
class RawTask:
    """A row of a task table, before its dependencies are connected."""

    id: str
    texts: list[str]  # one for each column, unescaped and stripped
    cells: RowCells
    unreadable: list[str]
    title: str = ""  # as it stands beside the id or the description

    @property
    def issue(self) -> str | None:
        """As `read_issue` has it."""
        names = self.cells.table.names
        return read_issue(self.texts[names.index("issue")]) if "issue" in names else None


class RowReader:
    """Reads the task tables of one file and collects what is wrong with them."""

    def __init__(self, *, path: str, declaration: Declaration, dialect: Dialect) -> None:
        self.tables: list[TaskTable] = []
        self.findings: list[Finding] = []
        self.words: dict[str, dict[str, None]] = {}  # by status: how rows write it
        self._path = path
        self._declaration = declaration
        self._dialect = dialect
        self._statuses = canonical_statuses(dialect)
        self._milestones: dict[str, int] = {}

    def read_table(self, raw: RawTable) -> list[RawTask]:
        """The rows of a table of tasks; none for any other table."""
        headers, extra = _texts(raw.header), self._dialect.columns
        lines = [(line, texts) for line in raw.rows if any(texts := _texts(line))]
        named = ids_are_names(headers, extra, [texts for _, texts in lines])
        names = column_names(headers, extra, named=named)
        if not is_task_table(names):
            return []
        table = TaskTable(
            header=raw.header,
            delimiter=raw.delimiter,
            names=names,
            title=title_column(headers, names),
            numbered=is_number(headers[names.index("id")], extra),
        )
        self.tables.append(table)
        distrust = check_header(table, self._declaration, self._dialect, self._report, named=named)
        rows = [self._read_row(table, line, texts, distrust) for line, texts in lines]
        return [row for row in rows if row is not None]

    def _read_row(
        self, table: TaskTable, line: TableLine, texts: list[str], distrust: list[str]
    ) -> RawTask | None:
        if "|" not in line.content:
            self._report(
                "short-row",
                Severity.ERROR,
                (line.line, 1),
                "this line stands right below a table, so it is a row of it",
                "Put an empty line between them",
                task=None,
            )
            return None
        cells = RowCells(table, line)
        count = len(table.names)
        unreadable = list(distrust)
        at = table.names.index("id")
        row_id, title = split_id(texts[at] if at < len(texts) else "", numbered=table.numbered)
        if len(texts) != count:
            reason = self._report_cell_count(table, line, len(texts), row_id)
            if reason:
                unreadable.append(reason)
            texts = (texts + [""] * (count - len(texts)))[:count]
        if table.title is not None and not is_nothing(
            other := texts[table.names.index(table.title)]
        ):
            title = other
        if not _ID.fullmatch(row_id):
            place = cells["id"]
            self._report(
                "invalid-id",
                Severity.ERROR,
                (place.line, place.column),
                f"{shorten(row_id)!r} cannot be a task's id" if row_id else "the row has no id",
                "An id is one word of letters, digits and - _ . up to 100 characters",
                task=row_id or None,
            )
            if not row_id:
                return None
            unreadable.append("its id is not one plain word")
        return RawTask(id=row_id, texts=texts, cells=cells, unreadable=unreadable, title=title)

    def _report_cell_count(
        self, table: TaskTable, line: TableLine, cells: int, row_id: str
    ) -> str | None:
        """Report a ragged row; the reason not to trust it, if there is one."""
        count = len(table.names)
        place = (line.line, 1)
        if cells > count:
            message = f"the row has {cells} cells, the table {count} columns"
            hint = "A | within a cell is written \\|, in code marks too"
            self._report("long-row", Severity.ERROR, place, message, hint, task=row_id or None)
            return message
        lost = table.names[cells:]
        message = f"the row has {cells} cells, the table {count} columns"
        # Without its last cells a row still says what it waits for; without that one it does not.
        trusted = "depends_on" not in lost and "status" not in lost
        self._report(
            "short-row",
            Severity.WARNING if trusted else Severity.ERROR,
            place,
            message,
            "Add the missing cells, — for nothing",
            task=row_id or None,
        )
        return None if trusted else message

    def task(
        self, row: RawTask, milestone: str, reader: DependencyReader, *, repeated: bool
    ) -> Task:
        """The task that a row describes.

        Args:
            row: What `read_table` gave.
            milestone: Where the row stands.
            reader: Knows all ids of the file.
            repeated: Another row has the same id.
        """
        text = dict(zip(row.cells.table.names, row.texts, strict=True))
        unreadable = list(row.unreadable)
        if repeated:
            unreadable.append("another row has the same id")
        branch, branch_kind = read_branch(text.get("branch", ""))
        return Task(
            id=row.id,
            status=self._status(text["status"]),
            description=described(row.title, text.get("description", "")),
            issue=read_issue(text.get("issue", "")),
            agent=read_agent(text.get("agent", "")),
            branch=branch,
            branch_kind=branch_kind,
            depends_on=self._dependencies(row, text.get("depends_on", ""), reader, unreadable),
            estimate_tokens=self._estimate(row, text.get("estimate", "")),
            notes=text.get("notes", ""),
            line=row.cells.row.line,
            milestone=milestone,
            cells=row.cells,
            unreadable=tuple(unreadable),
        )

    def _status(self, word: str) -> str:
        """The canonical status; the word itself where nobody knows it."""
        status = read_status(word, self._statuses)
        if status is not None and len(word) <= _LONGEST_STATUS:
            self.words.setdefault(status, {})[word] = None
        return status or word

    def _dependencies(
        self, row: RawTask, text: str, reader: DependencyReader, unreadable: list[str]
    ) -> tuple[str, ...]:
        found = reader.read(text)
        for problem in found.problems:
            cell = row.cells["depends_on"]
            waits = problem.rule == "placeholder-dependency"
            self._report(
                problem.rule,
                Severity.WARNING if waits else Severity.ERROR,
                (cell.line, cell.column + problem.offset),
                problem.message,
                problem.hint,
                task=row.id,
            )
            unreadable.append(problem.message)
        if row.id in found.ids and row.id not in found.named:
            return tuple(task for task in found.ids if task != row.id)  # the rest of its milestone
        return found.ids

    def _estimate(self, row: RawTask, text: str) -> int | None:
        if is_nothing(bare(text)):
            return None
        try:
            return read_tokens(text)
        except ValueError as error:
            cell = row.cells["estimate"]
            self._report(
                "unreadable-estimate",
                Severity.WARNING,
                (cell.line, cell.column),
                f"the estimate {error}",
                "Without it the row counts as nothing in sums and budgets",
                task=row.id,
            )
            return None

    def report_repeated_milestone(self, section: Section, name: str) -> None:
        """Report a heading whose declared id an earlier milestone has."""
        declared, heading = section.declared_id, section.heading
        if declared and heading and declared != name:
            self._report(
                "duplicate-milestone",
                Severity.ERROR,
                (heading.line, 1),
                f"another milestone is called {declared} already; this one counts as {name}",
                "Give each milestone an id of its own",
            )

    def report_stray_rows(self, section: Section) -> None:
        """Report text that looks like rows: an empty line cuts a table in two."""
        for paragraph in section.paragraphs:
            if paragraph.text.startswith("|") and paragraph.text.count("|") >= 3:
                self._report(
                    "stray-row",
                    Severity.ERROR,
                    (paragraph.line, 1),
                    "this looks like a row, but it belongs to no table",
                    "A table is a header, a line of dashes with as many cells, and rows, "
                    "without an empty line between them",
                )

    def report_other_tables(self, section: Section) -> None:
        """Report the tables of a milestone that has no tasks: its header may be misspelt."""
        for table in section.tables:
            self._report(
                "table-without-tasks",
                Severity.WARNING,
                (table.header.line, 1),
                "this milestone's table is no table of tasks",
                "A table of tasks has the columns id and status, and description or depends_on; "
                "`columns` in mission.yaml maps other names",
            )

    def _report(
        self,
        rule: str,
        severity: Severity,
        place: tuple[int, int],
        message: str,
        hint: str,
        *,
        task: str | None = None,
    ) -> None:
        self.findings.append(
            Finding(
                rule=rule,
                severity=severity,
                path=self._path,
                line=place[0],
                column=place[1],
                message=message,
                hint=hint,
                task=shorten(task, 100) if task else None,
            )
        )


def _texts(row: TableLine) -> list[str]:
    return [unescape(raw) for raw in raw_cells(row.content)[0]]
