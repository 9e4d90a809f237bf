"""From the text of a task file to a `Plan`. Bad content becomes findings, never an exception."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from errors import TaskFileError
from errors.finding import Finding, Severity
from tasks_md.blocks import Block, Heading, read_blocks
from tasks_md.chunks import Chunks
from tasks_md.declaration import read_declaration
from tasks_md.dependencies import DependencyReader
from tasks_md.model import STATUSES, Dialect, Milestone, Plan, Task, TasksById, TaskTable
from tasks_md.regular_file import read_regular
from tasks_md.rows import RawTask, RowReader
from tasks_md.sections import Section, common_issue, divide, milestone_id
from tasks_md.spans import split_lines

_USUAL = Dialect()
_TASKS = re.compile(r"^tasks\s*[—–:-]\s*", re.IGNORECASE)
_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # how `decode` keeps bytes that are none


def read(path: Path, dialect: Dialect = _USUAL) -> Plan:
    """Read and parse a file.

    Raises:
        TaskFileError: The file cannot be read at all.
    """
    return parse(decode(read_bytes(path)), path=str(path), dialect=dialect)


def read_bytes(path: Path) -> bytes:
    """The file's bytes.

    Raises:
        TaskFileError: The file cannot be read.
    """
    try:
        return read_regular(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise TaskFileError(f"cannot be read: {reason}", path=str(path)) from error


def decode(data: bytes) -> str:
    """Bytes as text, such that `encode` gives the same bytes back, whatever they are."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes that `decode` made this text from."""
    return text.encode("utf-8", "surrogateescape")


@dataclass(kw_only=True, slots=True)
class _Draft:
    """A milestone while its dependencies are not read yet."""

    section: Section
    id: str
    rows: list[RawTask] = field(default_factory=list)


def parse(text: str, *, path: str = "TASKS.md", dialect: Dialect = _USUAL) -> Plan:
    """Parse a task file.

    Args:
        text: All of it. A byte order mark and any line ends are fine.
        path: What findings and errors call it.
        dialect: How this file's words differ from the usual ones.
    """
    lines = split_lines(text)
    blocks = read_blocks(lines)
    declaration = read_declaration(blocks)
    rows = RowReader(path=path, declaration=declaration, dialect=dialect)
    sections = divide(blocks, len(lines))
    drafts = _drafts(sections, rows)
    tasks_by_milestone = _connect(drafts, rows)
    milestones = tuple(_milestone(draft, tasks_by_milestone[at]) for at, draft in enumerate(drafts))
    tasks = Chunks(task for milestone in milestones for task in milestone.tasks)
    return Plan(
        path=path,
        lines=Chunks(lines),
        mission=declaration.mission or _title(blocks),
        milestones=milestones,
        tasks=tasks,
        statuses=declaration.statuses or STATUSES,
        agents=declaration.agents,
        declaration=declaration,
        tables=tuple(rows.tables),
        findings=(*rows.findings, *_file_findings(lines, path, rows.tables, sections)),
        by_id=TasksById(tasks),
        dialect=dialect,
        words={status: tuple(words) for status, words in rows.words.items()},
    )


def _title(blocks: Sequence[Block]) -> str:
    """The file's first top heading, without the word "Tasks" before a dash or a colon."""
    for block in blocks:
        if isinstance(block, Heading) and block.level == 1:
            return _TASKS.sub("", block.text)
    return ""


def _drafts(sections: Sequence[Section], rows: RowReader) -> list[_Draft]:
    """The sections that are milestones, with their rows read as far as one row tells."""
    drafts: list[_Draft] = []
    taken: set[str] = set()
    for section in sections:
        read_rows = [row for table in section.tables for row in rows.read_table(table)]
        if not read_rows and not section.number:
            continue
        name = milestone_id(section, [row.id for row in read_rows], taken)
        taken.add(name)
        drafts.append(_Draft(section=section, id=name, rows=read_rows))
        rows.report_repeated_milestone(section, name)
        rows.report_stray_rows(section)
        if not read_rows:
            rows.report_other_tables(section)
    return drafts


def _connect(drafts: Sequence[_Draft], rows: RowReader) -> list[tuple[Task, ...]]:
    """Every milestone's tasks, now that all ids are known."""
    counts = Counter(row.id for draft in drafts for row in draft.rows)
    repeated = frozenset(name for name, count in counts.items() if count > 1)
    reader = DependencyReader(
        frozenset(counts),
        {draft.id: tuple(dict.fromkeys(row.id for row in draft.rows)) for draft in drafts},
        issues=_other_issues([row for draft in drafts for row in draft.rows]),
    )
    return [
        tuple(rows.task(row, draft.id, reader, repeated=row.id in repeated) for row in draft.rows)
        for draft in drafts
    ]


def _other_issues(rows: Sequence[RawTask]) -> frozenset[str]:
    """Issues that the number of a row would be taken for: `#7` of another row than 7."""
    if not any(row.id.isdigit() for row in rows):
        return frozenset()
    own = {f"#{row.id}" for row in rows if row.issue == f"#{row.id}"}
    return frozenset(row.issue for row in rows if row.issue) - own


def _milestone(draft: _Draft, tasks: tuple[Task, ...]) -> Milestone:
    section = draft.section
    total, total_line = section.total
    heading = section.heading
    return Milestone(
        id=draft.id,
        title=section.title,
        issue=common_issue(task.issue for task in tasks) or section.issue,
        placeholder=not tasks,
        line=heading.line if heading else 0,
        goal=section.goal,
        tasks=Chunks(tasks),
        total_tokens=total,
        total_line=total_line,
        body_line=heading.end_line + 1 if heading else 1,
        end_line=section.end_line,
    )


def _file_findings(
    lines: Sequence[str], path: str, tables: Sequence[TaskTable], sections: Sequence[Section]
) -> list[Finding]:
    """What is wrong with the file as a whole."""
    found = []
    broken = next((n for n, line in enumerate(lines, 1) if _NOT_UTF8.search(line)), None)
    if broken is not None:
        found.append(
            Finding(
                rule="encoding",
                severity=Severity.WARNING,
                path=path,
                line=broken,
                column=1,
                message="the file is not UTF-8 throughout",
                hint="Save it as UTF-8; until then the other bytes are kept as they are",
            )
        )
    if not tables and not any(section.number for section in sections):
        found.append(
            Finding(
                rule="no-tasks",
                severity=Severity.ERROR,
                path=path,
                line=1,
                column=1,
                message="no table with tasks and no milestone heading",
                hint="A task table has a header with at least: id, status, description",
            )
        )
    return found
