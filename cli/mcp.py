"""`mission mcp`: what agents may look up of a mission, as tools. Reads only."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from cli.console import fact
from cli.typed_here import place_at
from errors import UsageError
from lookup.sdk import need_sdk
from lookup.told import Mission
from workspace.redact import Redactor, register_secret

app = typer.Typer()

_SHORTEST_TOKEN, _LONGEST_TOKEN = 32, 200  # characters


@app.command()
def mcp(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
    http: Annotated[
        bool,
        typer.Option(
            "--http",
            help="On a free port of this machine instead: the address is printed, and the token for"
            " it is the first line of standard input.",
        ),
    ] = False,
) -> None:
    """Tools for agents (MCP) on standard input and output: how the mission stands, its rows.

    A program starts this, no person. It reads and changes nothing, and ends when its input does.
    """
    place = place_at(path)
    need_sdk()
    redact = Redactor.from_environment(os.environ).text

    def opened() -> Mission:
        from lookup.local import LocalMission  # noqa: PLC0415 - after the first answer is out

        return LocalMission(place, redact)

    from lookup.server import OneMission, make_server  # noqa: PLC0415 - takes a second

    server = make_server(OneMission(opened), redact, keeps=not http)
    if http:
        from lookup.http import serve_http  # noqa: PLC0415 - the same

        serve_http(server, token=_token(), on_ready=fact)
    else:
        from lookup.stdio import serve_stdio  # noqa: PLC0415 - the same

        serve_stdio(server)


def _token() -> str:
    """What whoever asks has to send along."""
    token = sys.stdin.readline(_LONGEST_TOKEN).strip()
    if len(token) < _SHORTEST_TOKEN:
        raise UsageError(
            f"--http needs a token of at least {_SHORTEST_TOKEN} characters",
            hint="Write it as the first line of standard input: anybody on this machine can ask",
        )
    register_secret(token)
    return token
