"""`mission run`: carry the mission out.

What carries it out takes a second to import, so it is imported once a person has been told.
"""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import printable, talk
from cli.typed_here import place_at

app = typer.Typer()


@app.command()
def run(
    path: Annotated[str | None, typer.Argument(help="A TASKS.md, or its folder.")] = None,
    milestone: Annotated[
        list[str] | None, typer.Option(help="Only the rows of this milestone. Can be repeated.")
    ] = None,
    task: Annotated[list[str] | None, typer.Option(help="Only this row. Can be repeated.")] = None,
    max_parallel: Annotated[
        int | None, typer.Option(min=1, help="Rows under way at the same time.")
    ] = None,
    expand: Annotated[
        bool, typer.Option("--expand", help="Plan placeholders as the milestones before are done.")
    ] = False,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over", help="Take the mission from another clone that gives no sign of life."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be dispatched; change nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Carry the mission out as far as it goes. Run it again to resume.

    The exit code is 0 when every row asked for is done or waits for a person's approval (its own,
    or that of a row before it), 130 when a person stopped the run, and else 1: a row failed, is
    blocked, over the budget, in somebody else's hands, or waits for a row that was not asked for;
    or the run stopped by itself, because something has to be mended first.
    """
    place = place_at(path)
    doing = "Looking through" if dry_run else "Carrying out"
    talk(f"{doing} {printable(str(place.task_file))}")
    from cli.carrying_out import carry_out_and_tell, tell_dry_run  # noqa: PLC0415 - as said above
    from orchestrator.run import RunRequest  # noqa: PLC0415 - the same

    request = RunRequest(
        path=path,
        milestones=tuple(milestone or ()),
        tasks=tuple(task or ()),
        max_parallel=max_parallel,
        expand=expand,
        take_over=take_over,
    )
    if dry_run:
        tell_dry_run(request, as_json=as_json)
        return
    raise typer.Exit(carry_out_and_tell(request, as_json=as_json))
