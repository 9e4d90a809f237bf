"""`mission notify`: try who is told what happens; have people told while no run is at work."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import fact, print_json, printable, talk
from cli.lazy import FullGroup
from cli.typed_here import place_at
from errors import StoppedError, UsageError

if TYPE_CHECKING:
    from service.notifying.trying import Tried

app = typer.Typer(cls=FullGroup, help="Who is told what happens.", no_args_is_help=True)

_BEHIND_A_RUN = 5  # by how much nicer it is than the run that it tells of

PathArgument = Annotated[str | None, typer.Argument(help="A TASKS.md, or its folder.")]


@app.callback()
def _group() -> None:
    """Who is told what happens."""


@app.command("test")
def try_notifiers(
    path: PathArgument = None,
    *,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="NAME", help="Only this receiver. Can be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Send a message to who is named under `notify` in mission.yaml, now. Nothing is journalled.

    The exit code is 1 if one of them does not have it.
    """
    place = place_at(path)
    if not as_json:
        talk(printable(f"Sending a message to who is told of {place.task_file}"))
    from service.notifying.trying import try_all  # noqa: PLC0415  takes half a second

    tried = try_all(place, os.environ, only=tuple(to or ()))
    if as_json:
        print_json({"ok": all(one.ok for one in tried), "receivers": [one.data() for one in tried]})
    else:
        for one in tried:
            fact(printable(_told(one)))
            if one.hint:
                fact(printable(f"  {one.hint}"))
    if not all(one.ok for one in tried):
        raise typer.Exit(1)


@app.command("watch")
def watch(
    path: PathArgument = None,
    *,
    run: Annotated[
        int | None,
        typer.Option("--run", metavar="N", help="End when this run is over, and all is told."),
    ] = None,
) -> None:
    """Have people told what happens, until Ctrl-C. Each `mission run` starts one for itself; one
    that stays tells of runs that died, and sends digests, when none is at work."""
    place = place_at(path)
    if run is not None:
        os.nice(_BEHIND_A_RUN)
    else:
        talk(printable(f"Watching {place.task_file}; Ctrl-C ends it"))
    from service.notifying.watching import watch as watch_mission  # noqa: PLC0415  as above

    try:
        watch_mission(place, os.environ, run=run)
    except KeyboardInterrupt:
        raise StoppedError("stopped watching") from None


def _told(one: Tried) -> str:
    took = f"{one.seconds:.1f} s"
    return f"{one.name}: told, in {took}" if one.ok else f"{one.name}: not told: {one.why}"


def since_of(text: str) -> timedelta:
    """A length of time that somebody typed.

    Raises:
        UsageError: It is none.
    """
    from mission.config.values import parse_duration  # noqa: PLC0415  pydantic takes a while

    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(str(error)) from error
