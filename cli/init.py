"""`mission init`: the first two files of a mission, fit for this repository."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import printable, talk

app = typer.Typer()


@app.command()
def init(
    folder: Annotated[
        Path | None, typer.Argument(help="The folder that gets the files; else this one.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: take what was found.")
    ] = False,
    label: Annotated[
        str | None,
        typer.Option(
            "--from-issues",
            metavar="LABEL",
            help="Take the rows from the forge's open issues that have this label.",
        ),
    ] = None,
    base: Annotated[
        str | None, typer.Option(metavar="BRANCH", help="The branch to merge into.")
    ] = None,
) -> None:
    """Write a TASKS.md and a mission.yaml that fit this repository, and check them.

    Its branch, its tests, its forge and the agents that are logged in here are found by looking; a
    few questions let you correct that. A file that is there is never written over.
    """
    ground = folder or Path.cwd()
    talk(f"Looking around in {printable(str(ground))}")
    from cli.founding import found_and_tell  # noqa: PLC0415 - takes most of a second

    if not found_and_tell(ground, yes=yes, label=label, base=base):
        raise typer.Exit(1)
