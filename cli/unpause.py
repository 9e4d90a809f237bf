"""`mission unpause`: go on after `mission pause`, or after a `PAUSED` file."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import fact, print_json, printable
from mission.place import Place
from service.pausing import unpause as unpause_mission

app = typer.Typer()


@app.command()
def unpause(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Go on. Removes what `mission pause` wrote, and a `PAUSED` file beside the task file."""
    removed = unpause_mission(Place.find(path))
    if as_json:
        print_json({"paused": False, "removed": removed})
    elif removed:
        fact(printable("goes on; removed " + " and ".join(removed)))
    else:
        fact("was not paused")
