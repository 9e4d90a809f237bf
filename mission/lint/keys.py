"""Keys that count for nothing where they stand, since what would make them count is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from errors.finding import Finding, Severity
from mission.config.agents import SandboxConfig
from mission.config.document import Location
from mission.lint.subject import Subject


def misplaced_keys(subject: Subject) -> Iterator[Finding]:
    """Every key that is accepted and means nothing there, and what is lacking to give it one."""
    for name in subject.mapping("agents"):
        yield from _of_agent(subject, name)
    for task, settings in subject.mapping("tasks").items():
        if isinstance(settings, dict):
            yield from _of_task(subject, task, settings)
    if "size" in subject.mapping("merge") and subject.value("merge", "strategy") != "batch":
        place = ("merge", "size")
        yield _misplaced(subject, place, "only batches have a size", "Add `strategy: batch`")


def impossible_exit_codes(subject: Subject) -> Iterator[Finding]:
    """Exit codes that a program cannot end with, or that have their meaning already."""
    for number in range(len(subject.entries("gates"))):
        for code in subject.mapping("gates", number, "exit_codes"):
            if not (code.isascii() and code.isdigit() and 1 <= int(code[:4]) <= 255):
                where = ("gates", number, "exit_codes", code)
                hint = "0 is clear"
                yield subject.finding(where, "bad-value", "no exit code from 1 to 255", hint)


def repeated_names(subject: Subject) -> Iterator[Finding]:
    """Verification steps of one name: what one of them passed would count for the other."""
    lists: list[Location] = [("verify",)]
    lists += [("tasks", task, "verify") for task in subject.mapping("tasks")]
    for place in lists:
        first: dict[str, int] = {}
        for number in range(len(subject.entries(*place))):
            name = subject.text(*place, number, "name")
            if name is None:
                continue
            if name in first:
                message = f"step {first[name] + 1} of this list is called {name} already"
                hint = "Give each step a name of its own"
                where = (*place, number, "name")
                yield subject.finding(where, "duplicate-name", message, hint)
            first.setdefault(name, number)


def _of_agent(subject: Subject, name: str) -> Iterator[Finding]:
    place = ("agents", name)
    if subject.value(*place, "where") != "worker":
        for key in ("pool", "parallel"):
            if key in subject.mapping(*place):
                yield _misplaced(
                    subject, (*place, key), "only workers have it", "Add `where: worker`"
                )
    sandbox = (*place, "sandbox")
    if subject.value(*sandbox, "type") != "bubblewrap":
        for key in SandboxConfig.BUBBLEWRAP_KEYS:
            given = subject.mapping(*sandbox).get(key)
            if given is not None and given != SandboxConfig.BUBBLEWRAP_KEYS[key]:
                message = "only bubblewrap keeps to it"
                hint = "Add `type: bubblewrap` beside it"
                yield _misplaced(subject, (*sandbox, key), message, hint)


def _of_task(subject: Subject, task: str, settings: Mapping[str, object]) -> Iterator[Finding]:
    place = ("tasks", task)
    if settings.get("run") is None:
        if settings.get("with"):
            hint = "Name the operation with `run`, or take it out"
            yield _misplaced(subject, (*place, "with"), "no operation takes it", hint)
        return
    for key in ("agent", "model", "effort", "options", "max_attempts", "verify"):
        if settings.get(key) is not None:
            message = f"the operation {settings['run']} carries the row out"
            hint = f"Take out either `run` or `{key}`"
            yield _misplaced(subject, (*place, key), message, hint)


def _misplaced(subject: Subject, place: Location, message: str, hint: str) -> Finding:
    return subject.finding(place, "misplaced-key", message, hint, severity=Severity.ERROR)
