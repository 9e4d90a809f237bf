"""The `mission` command: finds the subcommand, and prints errors for people.

Each subcommand lives in a module of its own and is imported only when it is called, so that
`mission status` answers in a fraction of a second.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import typer
from typer import _click as click  # typer carries its own click and exports none of its types
from typer.core import TyperGroup

from cli.console import printable, talk
from mission.errors import MissionError

# command -> module, or module:name, of the `typer.Typer` that holds exactly this command or group;
# it is called `app` where no name is given
COMMANDS: dict[str, str] = {
    "check": "cli.check",
    "status": "cli.status",
    "next": "cli.next",
    "graph": "cli.graph",
    "run": "cli.run",
    "set": "cli.requests:set_app",
    "approve": "cli.requests:approve_app",
    "reject": "cli.requests:reject_app",
    "retry": "cli.requests:retry_app",
    "unblock": "cli.requests:unblock_app",
    "expand": "cli.expand",
    "history": "cli.history",
    "verify": "cli.verify",
    "gate": "cli.gate",
    "pause": "cli.pause",
    "unpause": "cli.unpause",
    "report": "cli.report",
    "server": "cli.server",
    "deploy": "cli.deploy",
    "tier": "cli.tier",
    "gateway": "cli.gateway",
    "doctor": "cli.doctor",
    "demo": "cli.demo",
}


_COMPLETION = frozenset({"install_completion", "show_completion"})


class _LazyGroup(TyperGroup):
    """Imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = typer.main.get_command(getattr(import_module(module), name or "app"))
        command.name = cmd_name
        # Typer takes each module's app for a program of its own, with completion to install.
        command.params = [part for part in command.params if part.name not in _COMPLETION]
        return command


app = typer.Typer(
    name="mission",
    cls=_LazyGroup,
    help="Carry a plan in TASKS.md to done.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _root() -> None:
    """Carry a plan in TASKS.md to done."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the process ends with the exit code."""
    try:
        app(args=arguments, prog_name="mission", standalone_mode=True)
    except MissionError as error:
        talk(f"mission: {printable(error.message)}")
        if error.hint:
            talk(f"  {printable(error.hint)}")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
