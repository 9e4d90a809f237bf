"""The programs that the settings name, and what stands in braces in their arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from errors.finding import Finding
from mission.config.document import Location
from mission.lint.subject import Subject
from tasks_md.nearest import did_you_mean, nearest

# `${x}`, `@{x}` and `%{x}` are other programs' own.
_BRACES = re.compile(r"(?<![$@%#{])(\{+)\s*([A-Za-z_][\w-]*)\s*(\}+)")
_SLIP = 0.8  # how near a word of another language must be to ours to be taken for it
_WORKTREE = "{worktree}/"

#: checkout: it runs in the orchestrator's own; worktree: in a checkout of a commit.
Folder = Literal["checkout", "worktree"]


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedProgram:
    """A program that the settings name."""

    location: Location
    program: str  # a name on PATH, or a path: a relative one begins in `folder`
    folder: Folder
    here: bool = True  # it runs on this machine
    path: str | None = None  # instead of the environment's own PATH


@dataclass(frozen=True, kw_only=True, slots=True)
class _Command:
    location: Location  # of the argv
    folder: Folder
    placeholders: frozenset[str]
    here: bool = True
    path: str | None = None


def named_programs(subject: Subject) -> Iterator[NamedProgram]:
    """Each program that would be started, as the settings name it."""
    for command in _commands(subject):
        argv = subject.entries(*command.location)
        if argv and isinstance(argv[0], str):
            yield NamedProgram(
                location=(*command.location, 0),
                program=argv[0].removeprefix(_WORKTREE),
                folder=command.folder,
                here=command.here,
                path=command.path,
            )
    for name in subject.mapping("agents"):
        program = subject.text("agents", name, "program")
        if program is not None:
            yield NamedProgram(
                location=("agents", name, "program"),
                program=program,
                folder="worktree",
                here=_is_here(subject, name),
                path=subject.text("agents", name, "set", "PATH"),
            )


def unknown_placeholders(subject: Subject) -> Iterator[Finding]:
    """Braces around a word that nothing is filled in for: the program would get them as they are.

    An argument with spaces in it is a text of another language (`sh -c`, `awk`): there a word
    counts only if it is nearly one of ours.
    """
    ours = subject.known.placeholders
    for command in _commands(subject):
        for place, text in subject.texts(*command.location):
            for opening, word, closing in _BRACES.findall(text):
                known = word in command.placeholders and f"{opening}{word}{closing}" in text
                plain = (opening, closing) == ("{", "}")
                if known and plain:
                    continue
                slip = nearest(word, ours, cutoff=_SLIP) is not None
                foreign = not plain or any(letter.isspace() for letter in text)
                if foreign and not slip:
                    continue
                names = sorted(command.placeholders)
                there = ", ".join(f"{{{name}}}" for name in names) or "none"
                rest = f"Filled in here: {there}"
                rest += "" if slip else f"; `{{ {word} }}` with spaces is left alone"
                message = f"nothing is filled in for {opening}{word}{closing}"
                hint = did_you_mean(word, names, rest)
                yield subject.finding(place, "unknown-placeholder", message, hint)


def _commands(subject: Subject) -> Iterator[_Command]:
    nothing, known = frozenset[str](), subject.known
    for number in range(len(subject.entries("gates"))):
        yield _Command(
            location=("gates", number, "run"),
            folder="checkout",
            placeholders=known.gate_placeholders,
        )
    for number in range(len(subject.entries("notify", "to"))):
        yield _Command(
            location=("notify", "to", number, "run"),
            folder="checkout",
            placeholders=known.notifier_placeholders,
        )
    lists: list[Location] = [("verify",)]
    lists += [("tasks", task, "verify") for task in subject.mapping("tasks")]
    for steps in lists:
        for number in range(len(subject.entries(*steps))):
            yield _Command(
                location=(*steps, number, "run"), folder="worktree", placeholders=nothing
            )
    for number in range(len(subject.entries("worktree", "prepare"))):
        yield _Command(
            location=("worktree", "prepare", number, "run"),
            folder="worktree",
            placeholders=nothing,
        )
    for name in subject.mapping("agents"):
        if subject.agent_type(name) == "command":
            yield _Command(
                location=("agents", name, "run"),
                folder="worktree",
                placeholders=known.agent_placeholders,
                here=_is_here(subject, name),
                path=subject.text("agents", name, "set", "PATH"),
            )
        for server in subject.mapping("agents", name, "mcp"):
            yield _Command(
                location=("agents", name, "mcp", server, "run"),
                folder="worktree",
                placeholders=frozenset({"worktree"}),
                here=_is_here(subject, name),
                path=subject.text("agents", name, "set", "PATH"),
            )
    yield _Command(location=("forge", "token_command"), folder="checkout", placeholders=nothing)


def _is_here(subject: Subject, agent: str) -> bool:
    return subject.value("agents", agent, "where") != "worker"
