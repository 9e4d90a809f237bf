"""`mission doctor`, also `mission tier doctor`: everything looked at, nothing changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import talk

app = typer.Typer()


@app.command()
def doctor(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="The tier's configuration; else mission.config.json, .yaml or .yml here.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 on yellow, too.")] = False,
) -> None:
    """Look at the tier's services and at what the runner needs. Exit code 1 where one is red."""
    if not as_json:
        talk("Looking at the tier's services and at what the runner needs")
    from cli.examining import examine_and_tell  # noqa: PLC0415 - takes half a second

    if not examine_and_tell(config, as_json=as_json, strict=strict):
        raise typer.Exit(1)
