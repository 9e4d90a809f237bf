"""`docs/commands.md`, from what the commands say of themselves: `python -m cli.reference`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator

import typer
from typer import _click as click
from typer.core import TyperGroup

from cli.main import app

_HEAD = """\
# Commands

Written by `make docs` from the commands themselves; `mission COMMAND --help` says the same.

`PATH` is a `TASKS.md`, or a folder that holds one; without it, the one below the current folder,
or else in the repository around it.
With `--json` a command prints one JSON object on standard output and nothing else there. Where it
fails, that is `{"error": {"message", "hint", "exit_code"}}`.

| exit code | means |
| --- | --- |
| 0 | fine |
| 1 | the answer is no: findings, a red gate, failed or blocked tasks |
| 2 | wrong use, or input that cannot be read |
| 75 | a gate did not say clear in time |
| 130 | stopped by a person |
"""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its words (`gate queue`), in the order of `mission --help`."""
    yield from _below(typer.main.get_command(app), "")


def reference() -> str:
    """The whole page, with its final line end."""
    return "\n".join([_HEAD, *(_section(name, command) for name, command in commands())])


def _below(command: click.Command, words: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, TyperGroup):
        yield words, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        if inner is not None:
            yield from _below(inner, f"{words} {name}".strip())


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"mission {name}")
    usage = " ".join([f"mission {name}", *command.collect_usage_pieces(context)])
    lines = [f"### `mission {name}`", "", inspect.cleandoc(command.help or ""), "", f"    {usage}"]
    told = [record for part in command.params if (record := part.get_help_record(context))]
    rows = [f"| `{_cell(names)}` | {_cell(text)} |" for names, text in told if names != "--help"]
    if rows:
        lines += ["", "| | |", "| --- | --- |", *rows]
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
