"""The `mission` command: finds the subcommand, and prints errors for people.

Each subcommand lives in a module of its own and is imported only when it is called, so that
`mission status` answers in a fraction of a second.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli import typed_here
from cli.console import fact, print_json, printable, shown_path, talk
from cli.lazy import lazy_group
from cli.proxies import spare_loopback
from cli.typed_here import text_here
from errors import FindingsError, MissionError, told
from errors.disk import LITTLE, TROUBLE, standing
from mission.place import mission_home
from workspace.redact import Redactor

# command -> module, or module:name, of the `typer.Typer` that holds exactly this command or group;
# it is called `app` where no name is given
COMMANDS: dict[str, str] = {
    "init": "cli.init",
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
    "stop": "cli.stop",
    "expand": "cli.expand",
    "show": "cli.show",
    "log": "cli.log",
    "watch": "cli.watch",
    "dashboard": "cli.dashboard",
    "mcp": "cli.mcp",
    "history": "cli.history",
    "digest": "cli.digest",
    "notify": "cli.notify",
    "verify": "cli.verify",
    "gate": "cli.gate",
    "pause": "cli.pause:pause_app",
    "unpause": "cli.pause:unpause_app",
    "limit": "cli.limit",
    "report": "cli.report",
    "forecast": "cli.forecast",
    "server": "cli.server",
    "deploy": "cli.deploy",
    "tier": "cli.tier",
    "gateway": "cli.gateway",
    "doctor": "cli.doctor",
    "completion": "cli.completion",
    "demo": "cli.demo",
}

app = typer.Typer(
    name="mission",
    cls=lazy_group(COMMANDS),
    help="Carry a plan in TASKS.md to done.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - takes 30 ms, rarely needed

        fact(f"mission-runner {version('mission-runner')}")
        raise typer.Exit


@app.callback()
def _root(
    _asked: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Carry a plan in TASKS.md to done."""


def _open_closed_streams() -> None:
    """Give a process that was started without stdin, stdout or stderr (`>&-`) an empty one: else
    the next file that is opened, such as the journal, would be what programs print to."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "r" if number == 0 else "w"
            empty = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - open as long as the process
            setattr(sys, name, empty)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the process ends with the exit code."""
    _open_closed_streams()
    spare_loopback(os.environ)
    with typed_here.begun():
        _run(sys.argv[1:] if arguments is None else arguments)


def _run(arguments: Sequence[str]) -> None:
    try:
        app(args=arguments, prog_name="mission", standalone_mode=True)
    except (MissionError, OSError, MemoryError) as error:
        if isinstance(error, OSError) and error.errno in TROUBLE and error.filename is None:
            _name_the_disk(error, arguments)
        shown, redact = told(error), Redactor.from_environment().text
        message, hint = (text_here(redact(one)) for one in (shown.message, shown.hint))
        if isinstance(shown, FindingsError):
            _tell_all(shown, redact)
        else:
            talk(f"mission: {printable(message)}")
            if hint:
                talk(f"  {printable(hint)}")
        if "--json" in arguments:
            told_of: dict[str, object] = {"message": message, "hint": hint}
            if isinstance(shown, FindingsError):
                told_of["findings"] = [
                    asdict(one) | {"message": redact(one.message), "hint": redact(one.hint)}
                    for one in shown.findings
                ]
            print_json({"error": told_of | {"exit_code": shown.exit_code}})
        sys.exit(shown.exit_code)


def _name_the_disk(error: OSError, arguments: Sequence[str]) -> None:
    """Give an error of a disk its place, where the system did not say it: of the folders that a
    command may write to the first whose disk takes nothing."""
    named = (Path(one) for one in arguments if not one.startswith("-"))
    folders = [one.absolute() for one in named if one.exists()]
    folders += [Path.cwd(), mission_home(), Path(tempfile.gettempdir())]
    error.filename = next((str(one) for one in folders if standing(one, least=LITTLE)), None)


def _tell_all(error: FindingsError, redact: Callable[[str], str]) -> None:
    """Each finding on a line, so that all of them can be mended before the next try."""
    for finding in error.findings:
        place = f"{shown_path(finding.path)}:{finding.line}:{finding.column}"
        talk(f"{place}: {printable(redact(finding.message))}")
        if finding.hint:
            talk(f"  {printable(redact(finding.hint))}")
    number = len(error.findings)
    what = "1 error: mend it" if number == 1 else f"{number} errors: mend them"
    talk(f"mission: {what}, then type this again")


if __name__ == "__main__":
    main()
