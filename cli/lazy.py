"""Groups of commands that import a command's module when the command is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

import typer
from typer import _click as click  # typer carries its own click and exports none of its types
from typer.core import TyperCommand, TyperGroup

from cli.help_page import help_page
from tasks_md.nearest import did_you_mean

_COMPLETION = frozenset({"install_completion", "show_completion"})


class FullGroup(TyperGroup):
    """Tells what each of its commands is for, in a whole sentence."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with the first sentence of each, none of them cut off."""
        names = self.list_commands(ctx)
        commands = [command for name in names if (command := self.get_command(ctx, name))]
        with formatter.section("Commands"):
            formatter.write_dl([(str(one.name), _first_sentence(one)) for one in commands])


def _make_plain(command: click.Command) -> None:
    """Help as plain text, which wraps paragraphs, prints alike everywhere and loads no rich."""
    if isinstance(command, TyperCommand | TyperGroup):
        command.rich_markup_mode = None
    if isinstance(command, TyperGroup):
        for inner in command.commands.values():
            _make_plain(inner)


def _first_sentence(command: click.Command) -> str:
    paragraph = " ".join((command.help or "").split("\n\n")[0].split())
    return paragraph.split(". ")[0].removesuffix(".")


def options_of(app: typer.Typer, words: Sequence[str]) -> list[str]:
    """The options, and commands of its own, of the command that the words lead to."""
    command: click.Command = typer.main.get_command(app)
    context = click.Context(command)
    for word in words:
        inner = command.get_command(context, word) if isinstance(command, TyperGroup) else None
        if inner is None:
            break
        command, context = inner, click.Context(inner, parent=context)
    options = [name for part in command.params for name in part.opts if name.startswith("--")]
    own = command.list_commands(context) if isinstance(command, TyperGroup) else []
    return [*own, *options, "--help"]


def lazy_group(commands: Mapping[str, str]) -> type[TyperGroup]:
    """A group that has these commands after its own.

    Args:
        commands: The command -> the module, or module:name, of the `typer.Typer` that holds exactly
            this command or group; it is called `app` where no name is given.
    """

    class LazyGroup(FullGroup):
        """Imports a command's module when the command is asked for."""

        def format_help(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
            """One screen, and nothing is imported for it."""
            formatter.write(f"{help_page()}\n")

        def list_commands(self, ctx: click.Context) -> list[str]:
            return [*super().list_commands(ctx), *commands]

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            if cmd_name not in commands:
                return super().get_command(ctx, cmd_name)
            module, _, name = commands[cmd_name].partition(":")
            command = typer.main.get_command(getattr(import_module(module), name or "app"))
            command.name = cmd_name
            # Typer takes each module's app for a program of its own, with completion to install.
            command.params = [part for part in command.params if part.name not in _COMPLETION]
            _make_plain(command)
            return command

        def resolve_command(
            self, ctx: click.Context, args: list[str]
        ) -> tuple[str | None, click.Command | None, list[str]]:
            if self.get_command(ctx, args[0]) is None:
                meant = did_you_mean(args[0], self.list_commands(ctx))
                ctx.fail(f"No such command {args[0]!r}." + (f" {meant}" if meant else ""))
            return super().resolve_command(ctx, args)

    return LazyGroup
