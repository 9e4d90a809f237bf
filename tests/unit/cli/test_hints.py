"""Each command that a message of the product names can be typed: it exists, with these options."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import mission_command
from cli.reference import commands
from cli.typed_here import TAKE_PATH

ROOT = Path(__file__).parents[3]
_MARKED = re.compile(r"`((?:mission|git) [^`]+)`")
# What hints of `mission status` say without marks: a command or two, and nothing before.
_WORDS = r"mission(?: [a-z]+| --[a-z-]+| [A-Z]+| \{0\})+"
_BARE = re.compile(rf"({_WORDS})(?:, or ({_WORDS}))?(?:, once .*)?")
_ROWS = {"approve", "reject", "retry", "unblock", "stop"}  # take ids, or `--all`
VALUE = "X"  # in place of what is only known as the message is made
# ... and instead of it, where only some values are taken
_POSSIBLE = {"--purpose X": "--purpose merge", "--max-parallel X": "--max-parallel 2"}
_WHOLE = {"mission --version"}  # of the program, and no command
# Git commands with a command of their own below them, which have no usage to look options up in.
_NO_USAGE = {"help"}


@cache
def _all_texts() -> tuple[tuple[str, str], ...]:
    return tuple(_texts())


def _texts() -> Iterator[tuple[str, str]]:
    """Every text in the product's code that is no docstring, with its place."""
    for package in mission_command.PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            code = file.read_text(encoding="utf-8")
            if "mission " not in code and "`git " not in code:
                continue
            tree = ast.parse(code)
            passed_over = {id(part) for node in ast.walk(tree) for part in _inside(node)}
            for node in ast.walk(tree):
                if id(node) in passed_over or not isinstance(node, ast.Constant | ast.JoinedStr):
                    continue
                yield f"{file.relative_to(ROOT)}:{node.lineno}", _text(node)


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, and the pieces of a text that is looked at as a whole."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    if isinstance(node, documented) and isinstance(node.body[0], ast.Expr):
        yield node.body[0].value
    if isinstance(node, ast.JoinedStr):
        yield from node.values


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else VALUE for part in node.values
    )


def _named(program: str) -> dict[str, list[str]]:
    """The commands of a program that messages name, each with where."""
    found: dict[str, list[str]] = {}
    for place, text in _all_texts():
        said = _MARKED.findall(text)
        bare = _BARE.fullmatch(text)
        said += [one for one in (bare.groups() if bare is not None else ()) if one]
        for one in said:
            for part in one.split(" && "):
                if re.match(f"{program} [a-z-]", part):
                    typed = part.replace("{0}", VALUE)
                    for made, possible in _POSSIBLE.items():
                        typed = typed.replace(made, possible)
                    found.setdefault(typed, []).append(place)
    return found


def forms() -> dict[str, list[str]]:
    """Every command that messages name, each with the places that name it."""
    return _named("mission") | _named("git")


@cache
def _commands() -> dict[str, object]:
    return dict(commands())


def _problem(typed: str) -> str:
    """What keeps a `mission` command from being typed; empty: nothing."""
    if typed in _WHOLE:
        return ""
    words = shlex.split(typed)[1:]
    for length in range(len(words), 0, -1):
        command = _commands().get(" ".join(words[:length]))
        if command is not None:
            try:
                command.make_context("mission", words[length:])  # type: ignore[attr-defined]
            except Exception as error:  # noqa: BLE001 - whatever the parser says
                return f"{type(error).__name__}: {error}"
            return "names no row" if len(words) == 1 and words[0] in _ROWS else ""
    return "no such command"


def test_the_mission_commands_that_messages_name_can_be_typed() -> None:
    named = _named("mission")
    assert len(named) > 30
    wrong = {one: (problem, named[one]) for one in named if (problem := _problem(one))}
    assert wrong == {}


def test_the_look_finds_what_cannot_be_typed() -> None:
    assert _problem("mission nowhere X")
    assert _problem("mission run --nothing")
    assert _problem("mission retry")
    assert not _problem("mission retry X --keep")


@cache
def _usage(command: str) -> str:
    done = subprocess.run(["git", command, "-h"], check=False, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_the_git_commands_that_messages_name_have_these_options() -> None:
    named = _named("git")
    assert len(named) > 10
    wrong = {one: (problem, named[one]) for one in named if (problem := _git_problem(one))}
    assert wrong == {}
    assert _git_problem("git switch --nothing X")
    assert _git_problem("git nowhere")


def _git_problem(typed: str) -> str:
    words = shlex.split(typed)[1:]
    while words[0] == "-C":
        words = words[2:]
    command, *rest = words
    if command in _NO_USAGE:
        return ""
    usage = _usage(command)
    if f"git {command} " not in usage:
        return "no such command"
    options = [word.partition("=")[0].removeprefix("--no-") for word in rest if word[:2] == "--"]
    unknown = [one for one in options if one.removeprefix("--") not in usage]
    return f"no such option: {', '.join(unknown)}" if unknown else ""


def test_where_a_path_is_put_in_is_where_one_is_taken() -> None:
    """All that take PATH, and no others."""
    takes = {
        name
        for name, command in commands()
        if any(
            "PATH" in (one.metavar or "") or one.name in ("path", "paths")
            for one in command.params
            if one.param_type_name == "argument"
        )
    }
    assert takes == TAKE_PATH
