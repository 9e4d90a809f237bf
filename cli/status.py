"""`mission status`: how a mission stands, once or as it goes."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from cli.console import fact, print_json
from cli.status_page import status_page
from errors import StoppedError, UsageError
from mission.place import Place
from service.builder import Standings
from service.data import standing_data

app = typer.Typer()

_CLEAR = "\x1b[H\x1b[J"


@app.command()
def status(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and show every change.")] = False,
) -> None:
    """Milestones with their progress, what is ready, held up or waiting, and what was spent."""
    if watch and as_json:
        raise UsageError("--watch and --json do not go together", hint="Leave one of them out")
    standings = Standings.shared(Place.find(path))
    if watch:
        _watch(standings)
    elif as_json:
        print_json(standing_data(standings.current()))
    else:
        fact(status_page(standings.current()))


def _watch(standings: Standings) -> None:
    """Show the page again whenever the mission stands otherwise, until Ctrl-C."""
    clear = _CLEAR if sys.stdout.isatty() else ""
    shown: str | None = None
    try:
        for standing in standings.follow(over=_sleep):
            page = status_page(standing)
            if page != shown:
                fact(f"{clear}{page}" if clear or shown is None else f"\n{page}")
                shown = page
    except KeyboardInterrupt:
        raise StoppedError("stopped watching") from None


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False
