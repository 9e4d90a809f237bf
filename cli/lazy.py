"""Groups of commands that import a command's module when the command is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import typer
from typer import _click as click  # typer carries its own click and exports none of its types
from typer.core import TyperGroup

_COMPLETION = frozenset({"install_completion", "show_completion"})


def lazy_group(commands: Mapping[str, str]) -> type[TyperGroup]:
    """A group that has these commands after its own.

    Args:
        commands: The command -> the module, or module:name, of the `typer.Typer` that holds exactly
            this command or group; it is called `app` where no name is given.
    """

    class LazyGroup(TyperGroup):
        """Imports a command's module when the command is asked for."""

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
            return command

    return LazyGroup
