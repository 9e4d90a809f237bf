"""What a task file says, as values. Nothing here reads or writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from errors import TaskFileError
from errors.finding import Finding
from tasks_md.chunks import Chunks
from tasks_md.nearest import did_you_mean
from tasks_md.spans import raw_cells, unescape

AUTO = "—"  # the agent of a row that leaves the choice to the routing rules

NOT_STARTED = "not-started"
DONE = "done"
STATUSES = (NOT_STARTED, "in-progress", DONE, "blocked", "failed", "needs-qa")

COLUMNS = (
    "id",
    "status",
    "description",
    "issue",
    "agent",
    "branch",
    "depends_on",
    "estimate",
    "notes",
)


class BranchKind(StrEnum):
    """What a row's branch cell means."""

    NAMED = "named"  # `feat/x`: work that ends on a branch and is merged
    NONE = "none"  # `—`: work without a branch, such as a review
    AGGREGATE = "aggregate"  # `(aggregate)`: closes a milestone that is merged already


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How one team's file differs from the usual words."""

    columns: Mapping[str, str] = field(default_factory=dict)  # header text -> column name
    statuses: Mapping[str, str] = field(default_factory=dict)  # word in the file -> status


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One cell, and where it lies. `start` and `end` are offsets in the raw line."""

    text: str  # unescaped and stripped
    start: int  # just behind the pipe before it
    end: int  # at the pipe behind it, or at the row's end
    line: int  # from 1
    column: int  # of the text, from 1
    missing: int = 0  # > 0: the row ends this many cells too early; `start` is the row's end


@dataclass(frozen=True, kw_only=True, slots=True)
class TableLine:
    """One raw line of a table."""

    line: int  # from 1
    raw: str  # the whole line with its end
    start: int  # where the row's content starts in `raw`: behind indentation and `>`
    end: int  # where it ends: before the line's end

    @property
    def content(self) -> str:
        return self.raw[self.start : self.end]


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskTable:
    """A table with tasks in it."""

    header: TableLine
    delimiter: TableLine
    names: tuple[str, ...]  # of the columns, in order: our own where known, else as written
    title: str | None = None  # the column with a short name of each task beside its description
    numbered: bool = False  # the ids stand in a column of numbers: `#`

    @property
    def headers(self) -> tuple[str, ...]:
        """The header's texts as written."""
        return tuple(unescape(raw) for raw in raw_cells(self.header.content)[0])


class RowCells(Mapping[str, Cell]):
    """A row's cells by column name. They are found when asked for: few rows are ever written."""

    __slots__ = ("_found", "row", "table")

    def __init__(self, table: TaskTable, row: TableLine) -> None:
        self.table = table
        self.row = row
        self._found: dict[str, Cell] | None = None

    def __getitem__(self, name: str) -> Cell:
        return self._cells()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells())

    def __len__(self) -> int:
        return len(self._cells())

    def __repr__(self) -> str:
        return f"RowCells({dict(self)!r})"

    def _cells(self) -> dict[str, Cell]:
        if self._found is None:
            names = self.table.names
            self._found = dict(zip(names, find_cells(self.row, len(names)), strict=True))
        return self._found


@lru_cache(maxsize=256)  # setting a cell looks at its row, its header and its delimiter repeatedly
def find_cells(row: TableLine, count: int) -> tuple[Cell, ...]:
    """The first `count` cells of a row; those that the row lacks lie at its end, empty."""
    raws, offset = raw_cells(row.content)
    cells = []
    mark = 1 if row.raw.startswith("\ufeff") and row.line == 1 else 0
    position = row.start + offset
    for raw in raws[:count]:
        end = position + len(raw)
        lead = len(raw) - len(raw.lstrip()) if raw.strip() else 0
        column = position + lead + 1 - mark
        cells.append(
            Cell(text=unescape(raw), start=position, end=end, line=row.line, column=column)
        )
        position = end + 1
    at = row.start + len(row.content.rstrip())
    lacking = Cell(text="", start=at, end=at, line=row.line, column=at + 1 - mark)
    cells.extend(replace(lacking, missing=n) for n in range(1, count - len(cells) + 1))
    return tuple(cells)


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One row."""

    id: str
    status: str  # one of `STATUSES`, or the word as written where it is none
    description: str
    issue: str | None  # "#460", "owner/name#460" or a link
    agent: str  # `AUTO` where the routing rules decide
    branch: str | None  # the name, for `BranchKind.NAMED`
    branch_kind: BranchKind
    depends_on: tuple[str, ...]  # ids of other tasks; ranges and milestones are expanded
    estimate_tokens: int | None
    notes: str
    line: int  # from 1
    milestone: str  # the milestone's id
    cells: Mapping[str, Cell]  # by column name
    unreadable: tuple[str, ...] = ()  # why this row can never be ready; empty: it can be trusted


@dataclass(frozen=True, kw_only=True, slots=True)
class Milestone:
    """One section."""

    id: str
    title: str  # the heading without "Milestone N —" and without "(ID)"
    issue: str | None  # common to its rows, or named in its text
    placeholder: bool  # no table yet: to be expanded
    line: int  # of its heading, from 1; 0 where tasks stand under no heading
    goal: str  # the paragraph that starts with "Goal:", else its first one
    tasks: Chunks[Task]
    total_tokens: int | None  # as the text declares it
    total_line: int | None  # where it does
    body_line: int  # the line, from 1, behind its heading
    end_line: int  # of the next heading or rule, or behind the file's last line


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """What the quote block at the top declares, and where."""

    mission: str = ""
    schema: tuple[str, ...] = ()  # column names as written; empty: not declared
    statuses: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    line: int = 0


class TasksById(Mapping[str, Task]):
    """Tasks by id; of two rows with one id the first."""

    __slots__ = ("_places", "_tasks")

    def __init__(self, tasks: Chunks[Task], places: dict[str, int] | None = None) -> None:
        """`places`: where in `tasks` each id is, if that is known."""
        self._tasks = tasks
        if places is None:
            places = {}
            for at, task in enumerate(tasks):
                places.setdefault(task.id, at)
        self._places = places

    def changed(self, tasks: Iterable[Task]) -> tuple[Chunks[Task], TasksById]:
        """All tasks, and they by id, with these in the places of those with the same ids."""
        changed = self._tasks.changed({self._places[task.id]: task for task in tasks})
        return changed, TasksById(changed, self._places)

    def __getitem__(self, name: str) -> Task:
        return self._tasks[self._places[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A whole task file."""

    path: str
    lines: Chunks[str]  # all of it, byte order mark and line ends included
    mission: str
    milestones: tuple[Milestone, ...]
    tasks: Chunks[Task]  # in file order
    statuses: tuple[str, ...]  # as the file declares them; the usual ones if it declares none
    agents: tuple[str, ...]  # declared by the file; empty if it declares none
    declaration: Declaration
    tables: tuple[TaskTable, ...]
    findings: tuple[Finding, ...]  # from reading; `lint` adds its own
    by_id: TasksById
    dialect: Dialect = field(default_factory=Dialect)
    # By status, as written, when the file was read: new statuses are taken from these.
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)

    @property
    def text(self) -> str:
        """All of the file. Put together when asked for: a run never needs it, only its lines."""
        return "".join(self.lines)

    def around(self, milestone: Milestone) -> tuple[str, str, str]:
        """The text before a milestone's body, the body, and what follows."""
        lines = tuple(self.lines)
        start, end = milestone.body_line - 1, milestone.end_line - 1
        return "".join(lines[:start]), "".join(lines[start:end]), "".join(lines[end:])

    def task(self, task_id: str) -> Task:
        """The task with this id.

        Raises:
            TaskFileError: There is none; the hint names the id that comes close.
        """
        found = self.by_id.get(task_id)
        if found is None:
            hint = did_you_mean(task_id, self.by_id) or "`mission graph` lists all tasks"
            raise TaskFileError(f"no task {task_id!r}", hint=hint, path=self.path)
        return found

    def milestone(self, milestone_id: str) -> Milestone:
        """The milestone with this id.

        Raises:
            TaskFileError: There is none; the hint names those that there are.
        """
        for milestone in self.milestones:
            if milestone.id == milestone_id:
                return milestone
        names = [milestone.id for milestone in self.milestones]
        hint = did_you_mean(milestone_id, names, f"There are: {', '.join(names) or 'none'}")
        raise TaskFileError(f"no milestone {milestone_id!r}", hint=hint, path=self.path)
