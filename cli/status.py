"""`mission status`: how a mission stands, once or as it goes."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from cli.console import fact, print_json, printable, talk
from cli.status_page import status_page
from cli.typed_here import place_at
from errors import GitError, StoppedError, UsageError
from mission.clock import utc_now
from mission.place import Place
from service.builder import Standings
from service.data import standing_data
from service.sources import may_be_asked

app = typer.Typer()

_CLEAR = "\x1b[H\x1b[J"


@app.command()
def status(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and show every change.")] = False,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Ask the remote how it stands in another clone.")
    ] = False,
) -> None:
    """Milestones with their progress, what is ready, held up or waiting, and what was spent."""
    if watch and as_json:
        raise UsageError("--watch and --json do not go together", hint="Leave one of them out")
    place = place_at(path)
    if fetch or (not watch and may_be_asked(place)):
        _look_there(place, always=fetch)
    standings = Standings.shared(place)
    if watch:
        _watch(standings)
    elif as_json:
        print_json(standing_data(standings.current()))
    else:
        fact(status_page(standings.current()))


def _look_there(place: Place, *, always: bool) -> None:
    """Ask the remote, or only where the settings say so. One that is away hides nothing."""
    from service.posting import look_if_old, look_there  # noqa: PLC0415 - takes half a second

    try:
        if always:
            look_there(place)
        else:
            look_if_old(place, now=utc_now())
    except GitError as error:
        talk(printable(f"The remote could not be asked: {error.message}"))


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
