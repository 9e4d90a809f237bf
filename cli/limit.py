"""`mission limit`: how many rows at once, of a run that is under way."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.arguments import path_and
from cli.asking import tell_left
from cli.console import fact, print_json, printable, talk
from cli.stopping import stopped_by_signals
from cli.typed_here import place_at
from errors import UsageError
from mission.slots import MOST, read_slots
from service.limiting import limit as limit_run
from workspace.process import Stop

app = typer.Typer()


@app.command()
def limit(
    words: Annotated[
        list[str], typer.Argument(metavar="[PATH] N", help="How many rows at once, 1 or more.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Change how many rows the run that is under way carries out at once, until it ends.

    Rows that are under way go on; with fewer slots, none starts until so many have ended. A run in
    another clone is asked over the remote.
    """
    path, (number,) = path_and(words, "N")
    slots = read_slots(number)
    if slots is None:
        raise UsageError(
            f"{number!r} is no number of rows", hint=f"A whole number from 1 to {MOST}"
        )
    place, stop = place_at(path), Stop()
    if not as_json:
        talk(printable(f"Asking the run of {place.task_file}"))
    with stopped_by_signals(stop):
        there = limit_run(place, slots, stop=stop, on_left=tell_left)
    if as_json:
        print_json({"slots": slots, "in_another_clone": there})
    else:
        rows = "1 row" if slots == 1 else f"{slots} rows"
        fact(f"at most {rows} at once, until this run ends")
