"""`mission verify`: the file against the facts."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import printable, talk
from cli.typed_here import place_at

app = typer.Typer()


@app.command()
def verify(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
    set_proven: Annotated[
        bool, typer.Option("--fix", help="Set what the facts prove, nothing else.")
    ] = False,
    new_journal: Annotated[
        bool,
        typer.Option("--new-journal", help="Move the journal aside first: it is damaged."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare what the file says with git, the forge, the gates and the journal.

    Every disagreement is a finding; the exit code is 1 while one is left. That this clone has not
    yet taken in what the base says is told, and no disagreement.
    """
    place = place_at(path)
    if not as_json:
        talk(f"Comparing {printable(str(place.task_file))} with the facts")
    from cli.comparing import compare_and_tell  # noqa: PLC0415 - takes a second

    agrees = compare_and_tell(path, set_proven=set_proven, new_journal=new_journal, as_json=as_json)
    raise typer.Exit(0 if agrees else 1)
