"""`mission server`: the local Prefect server that runs use where PREFECT_API_URL names no other."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from cli.console import fact, print_json, talk
from cli.lazy import FullGroup
from flows.server import LocalServer, ServerError, answers
from flows.server_record import Server
from flows.settings import given_api
from mission.amounts import clock

app = typer.Typer(
    cls=FullGroup, help="The local Prefect server: start, stop, status.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def start(*, json: Json = False) -> None:
    """Start the server, or find it running. It stays when this command ends."""
    _refuse_where_another_is_given()
    local = LocalServer()
    _show(local, local.ensure(talk), json=json)


@app.command()
def stop(*, json: Json = False) -> None:
    """End the server. A mission that is running goes on; its record in Prefect gets gaps."""
    stopped = LocalServer().stop()
    if json:
        print_json({"stopped": stopped is not None})
    else:
        fact(f"Stopped the server at {stopped.pages}" if stopped else "No server was running")


@app.command()
def status(
    *,
    secret: Annotated[
        bool, typer.Option("--secret", help="Print what the server and its pages ask for, too.")
    ] = False,
    json: Json = False,
) -> None:
    """Say whether the server runs, where its pages are, and which file holds what they ask for.

    Exit code 1: it does not answer.
    """
    if secret:
        _refuse_where_another_is_given()
    given = given_api()
    if given is not None:
        healthy = answers(given)
        if json:
            print_json({"local": False, "running": healthy, "healthy": healthy, "api": given})
        else:
            fact(f"PREFECT_API_URL is {given}, which {_health(healthy=healthy)}")
        raise typer.Exit(0 if healthy else 1)
    local = LocalServer()
    server = local.running()
    _show(local, server, secret=secret, json=json)
    if server is None or not answers(server.api):
        raise typer.Exit(1)


def _refuse_where_another_is_given() -> None:
    given = given_api()
    if given is not None:
        raise ServerError(
            f"PREFECT_API_URL is {given}, and runs use that",
            hint="Unset it to use the local server",
        )


def _show(local: LocalServer, server: Server | None, *, secret: bool = False, json: bool) -> None:
    healthy = server is not None and answers(server.api)
    if json:
        told = {
            "local": True,
            "running": server is not None,
            "healthy": healthy,
            "api": server.api if server else None,
            "pages": server.pages if server else None,
            "pid": server.pid if server else None,
            "version": server.version if server else None,
            "since": server.since if server else None,
            "log": str(local.log),
            "guarded": bool(server and server.secret),
            "secret_file": str(local.secret.file),
        }
        print_json({**told, "secret": local.secret.read()} if secret else told)
    elif server is None:
        fact("No server is running; `mission run` and `mission server start` start it")
    else:
        fact(f"{server.pages} {_health(healthy=healthy)}")
        fact(_login(local, server, secret=secret))
        since = clock(datetime.fromisoformat(server.since))
        fact(f"Prefect {server.version}, process {server.pid}, since {since}")
        fact(f"Log: {local.log}")


def _login(local: LocalServer, server: Server, *, secret: bool) -> str:
    if not server.secret:
        return "It asks for no secret, as older runners' did: `mission server start` replaces it"
    if secret:
        return f"Log in with {local.access().secret}"
    return f"Log in with what {local.secret.file} holds: `mission server status --secret`"


def _health(*, healthy: bool) -> str:
    return "answers" if healthy else "does not answer"
