"""`mission mcp`: what agents may look up of a mission, as tools. Reads only."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Annotated

import typer

from errors import UsageError
from lookup.told import Mission
from mission.place import Place
from workspace.redact import Redactor

app = typer.Typer()


@app.command()
def mcp(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
) -> None:
    """Tools for agents (MCP) on standard input and output: how the mission stands, its rows.

    A program starts this, no person. It reads and changes nothing, and ends when its input does.
    """
    if find_spec("mcp") is None:
        raise UsageError(
            "The package for MCP is not installed",
            hint="Install the extra: uv tool install 'mission-runner[mcp]'",
        )
    place = Place.find(path)

    def opened() -> Mission:
        from lookup.local import LocalMission  # noqa: PLC0415 - after the first answer is out

        return LocalMission(place)

    from lookup.server import OneMission, make_server  # noqa: PLC0415 - takes a second
    from lookup.stdio import serve_stdio  # noqa: PLC0415 - the same

    redact = Redactor.from_environment(os.environ).text
    serve_stdio(make_server(OneMission(opened), redact, keeps=True))
