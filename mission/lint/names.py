"""Whether what the settings name exists: agents, rows, operations, types, headers, prices."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from errors import ConfigError
from errors.finding import Finding, Severity
from mission.config.complaints import section_complaints
from mission.config.document import Location
from mission.config.section import Section
from mission.lint.subject import Subject
from mission.plan import planner_of
from tasks_md.columns import header_key, overwrites_title
from tasks_md.model import AUTO, DONE, BranchKind, Task
from tasks_md.nearest import did_you_mean
from tasks_md.statuses import status_key
from tasks_md.words import shorten


def unknown_agents(subject: Subject) -> Iterator[Finding]:
    """Agents that the settings name and nobody knows."""
    for location, name in named_agents(subject):
        if name not in subject.agents:
            message = f"there is no agent {shorten(name)}"
            yield subject.finding(location, "unknown-agent", message, _agents_hint(subject, name))


def named_agents(subject: Subject) -> Iterator[tuple[Location, str]]:
    """Every place of the settings where an agent is named, and the name."""
    places: list[Location] = [
        *(("routing", number, "agent") for number in range(len(subject.entries("routing")))),
        *(("agents", name, "fallback") for name in subject.mapping("agents")),
        *(("tasks", task, "agent") for task in subject.mapping("tasks")),
    ]
    for place in places:
        name = subject.text(*place)
        if name is not None:
            yield place, name
    for number in range(len(subject.entries("review"))):
        yield from subject.texts("review", number, "by")


def unknown_agents_of_rows(subject: Subject) -> Iterator[Finding]:
    """Agents that the task file names for an open row, or for planning, and nobody knows."""
    plan, known = subject.plan, set(subject.agents)
    declared = {name.casefold() for name in plan.agents}
    for task in plan.tasks:
        undeclared = declared and task.agent.casefold() not in declared  # lint has said so
        if task.agent in known or undeclared or not _carries_out(subject, task):
            continue
        cell = task.cells["agent"]
        yield Finding(
            rule="unknown-agent",
            severity=Severity.ERROR,
            path=plan.path,
            line=cell.line,
            column=cell.column,
            message=f"there is no agent {shorten(task.agent)}",
            hint=_agents_hint(subject, task.agent),
            task=task.id,
        )
    named = {task.agent for task in plan.tasks}
    planner = planner_of(plan) if any(one.placeholder for one in plan.milestones) else None
    for name in plan.agents:
        if name in {AUTO, *known, *named}:
            continue
        plans = name == planner
        yield Finding(
            rule="unknown-agent",
            severity=Severity.ERROR if plans else Severity.WARNING,
            path=plan.path,
            line=plan.declaration.line,
            column=1,
            message=f"there is no agent {shorten(name)}, which the file declares"
            + (", and which would plan its placeholders" if plans else ""),
            hint=_agents_hint(subject, name),
        )


def unknown_tasks(subject: Subject) -> Iterator[Finding]:
    """Rows under `tasks` that are not in the plan."""
    rows = subject.plan.by_id
    for name in subject.mapping("tasks"):
        if name not in rows:
            hint = did_you_mean(name, rows, "Settings are for rows of the plan, by their ids")
            yield subject.finding(("tasks", name), "unknown-task", "the plan has no such row", hint)


def unknown_operations(subject: Subject) -> Iterator[Finding]:
    """Operations that do not exist, and arguments that they do not take."""
    operations = subject.known.operations
    for task in subject.mapping("tasks"):
        place = ("tasks", task, "run")
        name = subject.text(*place)
        if name is None:
            continue
        try:
            model = operations.model(name)
        except ConfigError as error:
            yield subject.finding(place, "unloadable-plugin", error.message, error.hint)
            continue
        if model is None:
            known = operations.names()
            hint = did_you_mean(name, known, f"There are: {', '.join(known)}")
            message = f"there is no operation {shorten(name)}"
            yield subject.finding(place, "unknown-operation", message, hint)
            continue
        yield from _arguments(subject, ("tasks", task, "with"), name, model)


def _arguments(
    subject: Subject, place: Location, operation: str, model: type[Section]
) -> Iterator[Finding]:
    given = subject.mapping(*place)
    taken = [field.alias or key for key, field in model.model_fields.items()]
    for argument in given:
        if argument not in taken:
            hint = did_you_mean(argument, taken, f"There are: {', '.join(taken) or 'none'}")
            message = f"{operation} has no such argument"
            yield subject.finding((*place, argument), "unknown-argument", message, hint)
    known = {name: value for name, value in given.items() if name in taken}
    yield from section_complaints(subject.document, place, known, model)


def unknown_headers(subject: Subject) -> Iterator[Finding]:
    """Headers under `columns` that no table has: the column that is meant would be missing."""
    plan = subject.plan
    headers = [text for table in plan.tables for text in table.headers]
    written = {header_key(text) for text in (*headers, *plan.declaration.schema)}
    if not written:
        return
    for name in subject.mapping("columns"):
        if header_key(name) not in written:
            there = dict.fromkeys(headers or plan.declaration.schema)
            hint = did_you_mean(name, there, f"Headers there: {', '.join(there)}")
            message = "no table of the plan has this header"
            yield subject.finding(("columns", name), "unknown-column", message, hint)


def overwritten_titles(subject: Subject) -> Iterator[Finding]:
    """Mappings that would have the runner write into the text of a row. They count as none."""
    for name, meaning in subject.mapping("columns").items():
        if isinstance(meaning, str) and overwrites_title(name, meaning):
            yield subject.finding(
                ("columns", name),
                "overwritten-title",
                f"the runner would write its {meaning} into a row's text; this counts as unsaid",
                "Take it out: a title is kept beside the description. Add a column for the "
                f"{meaning}",
                severity=Severity.WARNING,
            )


def unused_names(subject: Subject) -> Iterator[Finding]:
    """Agents, status words and prices that nothing uses: they may be slips of the pen."""
    yield from _unused_agents(subject)
    yield from _unused_words(subject)
    yield from _unused_prices(subject)


def _unused_agents(subject: Subject) -> Iterator[Finding]:
    plan, shipped = subject.plan, subject.known.agents
    used = {name for _, name in named_agents(subject)} | {task.agent for task in plan.tasks}
    used |= {*plan.agents, *shipped}
    for name in subject.mapping("agents"):
        if name not in used:
            hint = did_you_mean(name, used, "Name it in a row or a rule, or take it out")
            yield _unused(subject, ("agents", name), "no row and no rule names this agent", hint)


def _unused_words(subject: Subject) -> Iterator[Finding]:
    plan = subject.plan
    # As written: reading the file has already put the usual words in their place.
    cells = (task.cells.get("status") for task in plan.tasks)
    words = dict.fromkeys((*plan.declaration.statuses, *(c.text for c in cells if c is not None)))
    used = {status_key(word) for word in words}
    for word in subject.mapping("statuses"):
        if status_key(word) not in used:
            hint = did_you_mean(word, words, "Take it out, or declare it in the plan")
            yield _unused(subject, ("statuses", word), "the plan has no such status word", hint)


def _unused_prices(subject: Subject) -> Iterator[Finding]:
    models = {subject.text("agents", name, "model") or name for name in subject.mapping("agents")}
    places: list[Location] = [("tasks", task) for task in subject.mapping("tasks")]
    places += [("routing", number) for number in range(len(subject.entries("routing")))]
    models |= {model for place in places if (model := subject.text(*place, "model"))}
    known = subject.known
    names = {*models, *subject.agents, *known.models.values(), *known.prices}
    for name in subject.mapping("budget", "prices"):
        if not any(fnmatchcase(one, name) for one in names):
            hint = did_you_mean(name, names, "Prices are by model, or by agent where none is named")
            yield _unused(subject, ("budget", "prices", name), "nothing here has that price", hint)


def _unused(subject: Subject, place: Location, message: str, hint: str) -> Finding:
    return subject.finding(place, "unused-name", message, hint, severity=Severity.WARNING)


def _carries_out(subject: Subject, task: Task) -> bool:
    """Whether the agent in a row's cell is the one who is to carry it out."""
    instead = subject.text("tasks", task.id, "run") or subject.text("tasks", task.id, "agent")
    closes = task.branch_kind is BranchKind.AGGREGATE
    return not (instead or closes or task.agent == AUTO or task.status == DONE)


def _agents_hint(subject: Subject, name: str) -> str:
    known = subject.agents
    rest = f"Add it under `agents` in mission.yaml, or use one of: {', '.join(known)}"
    return did_you_mean(name, known, rest)
