"""`mission expand`: plan a placeholder into tasks."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli.arguments import PATH, path_and
from cli.console import printable, talk
from cli.typed_here import place_at
from errors import UsageError

app = typer.Typer()


@app.command()
def expand_milestone(
    words: Annotated[
        list[str],
        typer.Argument(metavar="[PATH] MILESTONE", help=f"MILESTONE: the placeholder's id. {PATH}"),
    ],
    agent: Annotated[
        str | None, typer.Option(help="Who plans; by default opus, or the file's first agent.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write the plan without asking.")] = False,
    edit: Annotated[
        bool, typer.Option("--edit", help="Open the plan in $VISUAL or $EDITOR before it is shown.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Ask an agent, although a plan is kept.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Although a milestone before it is not done.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Let an agent plan a placeholder milestone into tasks.

    The plan is checked with every lint rule and shown; only then, and once a person agrees, does it
    take the place of the placeholder's text. Who does not agree finds it kept: without `--agent`,
    `--anew` and `--yes`, which ask an agent for another, it is shown again. `--edit --yes` takes it
    as it was edited.
    """
    path, (milestone,) = path_and(words, "MILESTONE")
    if edit and (as_json or not sys.stdin.isatty()):
        raise UsageError("--edit needs a terminal", hint="Leave it out")
    place = place_at(path)
    if not as_json:
        talk(printable(f"Planning {milestone} of {place.task_file}"))
    from cli.planning import Asked, plan_and_tell  # noqa: PLC0415 - takes a second

    asked = Asked(
        path=path, milestone=milestone, agent=agent, yes=yes, edit=edit, anew=anew, force=force
    )
    if not plan_and_tell(place, asked, as_json=as_json):
        raise typer.Exit(1)
