"""`mission pause`: hold dispatch, pushes and merges until `mission unpause`."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from cli.console import fact, print_json, printable
from mission.place import Place
from service.pausing import pause as pause_mission

app = typer.Typer()


@app.command()
def pause(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for whoever wonders.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Start nothing, push nothing and merge nothing until `mission unpause`. What runs goes on."""
    paused = pause_mission(Place.find(path), by=getpass.getuser(), reason=reason)
    if as_json:
        print_json(
            {"paused": True, "since": paused.since, "by": paused.by, "reason": paused.reason}
        )
    else:
        fact(printable(paused.detail))
