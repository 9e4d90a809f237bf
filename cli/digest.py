"""`mission digest`: what became of a mission in some time."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from cli.console import fact, print_json, printable, talk
from cli.notify import since_of
from cli.typed_here import place_at
from mission.amounts import counted
from mission.clock import utc_now

app = typer.Typer()


@app.command()
def digest(
    path: Annotated[str | None, typer.Argument(help="A TASKS.md, or its folder.")] = None,
    *,
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="How far back: 24h, 2d, 90m.")
    ] = "24h",
    send: Annotated[
        bool, typer.Option("--send", help="Send it to who is told of digests, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """What is done, what is stuck and why, what was spent, and what is expected.

    With `notify.digest` in mission.yaml it is sent every day while something watches.
    """
    place, now = place_at(path), utc_now()
    if not as_json:
        talk(printable(f"Looking back {since} in {place.task_file}"))
    # What tells of a mission and its receivers takes half a second to import.
    from service.digest import digest_lines  # noqa: PLC0415
    from service.notifying.daily import digest_of  # noqa: PLC0415
    from service.notifying.trying import send_digest  # noqa: PLC0415

    made = digest_of(place, now - since_of(since), now)
    if as_json:
        print_json(dict(made.data()))
    else:
        fact(printable(made.mission) or "mission")
        for line in digest_lines(made):
            fact(printable(line))
    if send:
        failed = [one for one in send_digest(place, os.environ, made) if not one.ok]
        for one in failed:
            talk(printable(f"{one.name}: not told: {one.why}"))
        if failed:
            talk(f"{counted(len(failed), 'receiver')} without it")
            raise typer.Exit(1)
