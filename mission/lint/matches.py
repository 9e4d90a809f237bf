"""Whether each `match` can be understood, and is for any row of the plan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from errors.finding import Finding, Severity
from mission.config.document import Location
from mission.lint.subject import Subject
from mission.matching import AGENT, ESCAPE_HINT, MILESTONE, meets
from tasks_md.columns import column_names
from tasks_md.model import AUTO, COLUMNS, DONE, Milestone, RowCells, Task
from tasks_md.nearest import did_you_mean

_LISTS = ("routing", "review", "qa")  # whose entries have a `match`
_FIRST_DECIDES = ("routing", "review")
# What rows that are still to be planned will have in these, the plan says beforehand.
_FORESEEN = frozenset({"id", "agent", MILESTONE})
_ROWS_AHEAD = 99  # of a placeholder: ids are tried up to this number


def unreadable_matches(subject: Subject) -> Iterator[Finding]:
    """Columns that the plan has not, and patterns that are none: such a rule cannot be followed."""
    for location, match in _matches(subject):
        for column, pattern in match.items():
            place = (*location, column)
            if column not in _columns(subject):
                yield _unknown_column(subject, place, column)
            else:
                yield from _tables_without(subject, place, column)
            problem = _problem(pattern)
            if problem:
                message = f"`{pattern}` is no regular expression: {problem}"
                yield subject.finding(place, "bad-pattern", message, ESCAPE_HINT)


def idle_matches(subject: Subject) -> Iterator[Finding]:
    """Rules that are for no row. They can be understood, and are a slip all the same."""
    for location, match in _matches(subject):
        understood = all(
            column in _columns(subject) and not _problem(pattern)
            for column, pattern in match.items()
        )
        if not understood:
            continue
        if "status" in match:
            yield subject.finding(
                (*location, "status"),
                "never-matches",
                "a row's status changes while it is carried out: nobody can rely on this rule",
                "Match on another column",
                severity=Severity.WARNING,
            )
        elif not any(_is_for(task, match, location) for task in subject.plan.tasks):
            yield from _for_no_row(subject, location, match)
    for name in _FIRST_DECIDES:
        yield from _behind_all(subject, name)


def _matches(subject: Subject) -> Iterator[tuple[Location, Mapping[str, str]]]:
    """Every `match`, with its place. Patterns that are no text are left out."""
    for name in _LISTS:
        for number in range(len(subject.entries(name))):
            location = (name, number, "match")
            match = subject.mapping(*location)
            yield location, {key: text for key, text in match.items() if isinstance(text, str)}


def _columns(subject: Subject) -> dict[str, None]:
    """What a `match` may name, in the plan's order: an absent one of the usual columns is empty."""
    plan = subject.plan
    own = [name for table in plan.tables for name in table.names]
    declared = column_names(plan.declaration.schema, plan.dialect.columns)
    return dict.fromkeys((*own, *declared, *COLUMNS, MILESTONE))


def _unknown_column(subject: Subject, place: Location, column: str) -> Finding:
    columns = _columns(subject)
    (meaning,) = column_names([column], subject.plan.dialect.columns)
    known = f"Columns: {', '.join(columns)}"
    same = meaning if meaning != column else ""
    hint = f"Did you mean {same}? {known}" if same else did_you_mean(column, columns, known)
    return subject.finding(place, "unknown-column", "the plan has no such column", hint)


def _tables_without(subject: Subject, place: Location, column: str) -> Iterator[Finding]:
    """Whether a rule on a column of the team's own could be told apart for each open row."""
    if column in COLUMNS or column == MILESTONE:
        return
    told: set[int] = set()
    severity = Severity.WARNING if place[0] == "routing" else Severity.ERROR
    for task in subject.plan.tasks:
        if task.status == DONE or not isinstance(task.cells, RowCells):
            continue
        table = task.cells.table
        if column not in table.names and table.header.line not in told:
            told.add(table.header.line)
            message = (
                f"the table in line {table.header.line} of the plan has no such column,"
                " so its rows may be meant or not"
            )
            hint = did_you_mean(column, table.names, "Add the column there; its cells may be empty")
            yield subject.finding(place, "unknown-column", message, hint, severity=severity)


def _problem(pattern: str) -> str:
    try:
        re.compile(pattern, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)
    return ""


def _is_for(task: Task, match: Mapping[str, str], location: Location) -> bool:
    if location[0] != "routing" and task.agent == AUTO:  # the routing may decide for anybody
        match = {column: pattern for column, pattern in match.items() if column != AGENT}
    return meets(task, match, milestone=task.milestone, rule="a rule", guards=False)


def _for_no_row(
    subject: Subject, location: Location, match: Mapping[str, str]
) -> Iterator[Finding]:
    ahead = [one for one in subject.plan.milestones if one.placeholder]
    if any(_may_be_for(subject, milestone, match) for milestone in ahead):
        if _FORESEEN.issuperset(match):
            return  # it is for rows to come, and nothing else
        message = "no row of the plan meets this yet; one that is still to be planned may"
        yield subject.finding(location, "never-matches", message, severity=Severity.INFO)
        return
    hint = next(
        (said for column in match if (said := _closest(subject, column, match[column]))),
        "Correct the pattern, or take the rule out",
    )
    yield subject.finding(
        location,
        "never-matches",
        "no row of the plan ever meets this",
        hint,
        severity=Severity.WARNING,
    )


def _may_be_for(subject: Subject, milestone: Milestone, match: Mapping[str, str]) -> bool:
    """Whether a row of a placeholder may be meant, as far as the plan says what it will be."""
    ids = (f"{milestone.id}-{number:02}" for number in range(1, _ROWS_AHEAD + 1))
    foreseen = {
        MILESTONE: (milestone.id,),
        "id": tuple(ids),
        "agent": (*(subject.plan.agents or subject.agents), AUTO),
    }
    return all(
        any(re.search(pattern, text, re.IGNORECASE) for text in foreseen[column])
        for column, pattern in match.items()
        if column in foreseen
    )


def _closest(subject: Subject, column: str, pattern: str) -> str:
    plan = subject.plan
    if column == MILESTONE:
        return did_you_mean(pattern.strip("^$"), [milestone.id for milestone in plan.milestones])
    cells = (task.cells.get(column) for task in plan.tasks)
    return did_you_mean(pattern.strip("^$"), dict.fromkeys(c.text for c in cells if c is not None))


def _behind_all(subject: Subject, name: str) -> Iterator[Finding]:
    """Rules behind one that is for every row: where the first decides, nobody asks them."""
    first: int | None = None
    for number, rule in enumerate(subject.entries(name)):
        if first is not None:
            yield subject.finding(
                (name, number),
                "never-matches",
                f"{name}[{first}] is for every row already, and the first rule decides",
                "Put this one before it",
                severity=Severity.WARNING,
            )
        elif isinstance(rule, dict) and rule.get("match", {}) == {}:
            first = number
