"""`mission pause` and `unpause`: hold dispatch, pushes and merges, and let them go on."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from cli.asking import tell_away, tell_left
from cli.console import fact, print_json, printable, talk
from cli.stopping import stopped_by_signals
from cli.typed_here import place_at
from service.pausing import pause as pause_mission
from service.pausing import unpause as unpause_mission
from workspace.process import Stop

pause_app, unpause_app = typer.Typer(), typer.Typer()


@pause_app.command()
def pause(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for whoever wonders.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Start nothing, push nothing and merge nothing until `mission unpause`. What runs goes on."""
    place, stop = place_at(path), Stop()
    if not as_json:
        talk(printable(f"Pausing {place.task_file}"))
    with stopped_by_signals(stop):
        paused = pause_mission(
            place,
            by=getpass.getuser(),
            reason=reason,
            stop=stop,
            on_left=tell_left,
            on_away=tell_away,
        )
    if as_json:
        print_json(
            {"paused": True, "since": paused.since, "by": paused.by, "reason": paused.reason}
        )
    else:
        fact(printable(paused.detail))


@unpause_app.command()
def unpause(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Go on. Removes what `mission pause` wrote, and a `PAUSED` file beside the task file."""
    place, stop = place_at(path), Stop()
    if not as_json:
        talk(printable(f"Letting {place.task_file} go on"))
    with stopped_by_signals(stop):
        removed = unpause_mission(place, stop=stop, on_left=tell_left, on_away=tell_away)
    if as_json:
        print_json({"paused": False, "removed": removed})
    elif removed:
        fact(printable("goes on; removed " + " and ".join(removed)))
    else:
        fact("was not paused")
