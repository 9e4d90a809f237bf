"""`mission unpause`: go on after `mission pause`, or after a `PAUSED` file."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import fact, print_json, printable
from gates.pause import PauseFiles
from mission.place import Place

app = typer.Typer()


@app.command()
def unpause(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Go on. Removes what `mission pause` wrote, and a `PAUSED` file beside the task file."""
    place = Place.find(path)
    removed = PauseFiles.of(state_dir=place.state_dir, folder=place.folder).remove()
    # A run that waits looks at once.
    if place.state_dir.is_dir():
        place.wake_file.touch()
    if as_json:
        print_json({"paused": False, "removed": [str(file) for file in removed]})
    elif removed:
        fact(printable("goes on; removed " + " and ".join(str(file) for file in removed)))
    else:
        fact("was not paused")
