"""`mission stop`: end rows that are under way, and no others."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from cli.arguments import PATH, path_and_some
from cli.asking import asker, tell_left
from cli.console import fact, print_json, printable, screen_width, talk
from cli.stopping import stopped_by_signals
from cli.tables import wrap
from cli.typed_here import place_at
from errors import UsageError
from service.stopping import stop_rows
from tasks_md.holder import Holder
from workspace.process import Stop
from workspace.redact import Redactor

app = typer.Typer()


@app.command()
def stop(
    words: Annotated[
        list[str], typer.Argument(metavar="[PATH] ID...", help=f"ID: a task's. {PATH}")
    ],
    note: Annotated[
        str | None, typer.Option(help="A word for the rows' notes and the journal.")
    ] = None,
    retry: Annotated[
        str | None,
        typer.Option(metavar="NOTE", help="Start them again at once, and tell their agents this."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """End rows that are under way, while the run goes on with all others.

    A row's agent, review, checks, operation or wait is ended. Its worktree, branch and session are
    kept, and the row is blocked until `mission unblock`, which goes on from there; with `--retry`
    that is done at once. What is merging already is not stopped.
    """
    if note is not None and retry is not None:
        raise UsageError("--note and --retry are one or the other", hint="--help says more")
    path, tasks = path_and_some(words)
    place, request = place_at(path), Stop()
    if not as_json:
        talk(f"Stopping {printable(', '.join(tasks))}")
    with stopped_by_signals(request):
        answers = stop_rows(
            place,
            tasks,
            by=asker(),
            note=note if retry is None else retry,
            again=retry is not None,
            redact=Redactor.from_environment(os.environ).text,
            stop=request,
            on_held=_tell_asked,
            on_left=tell_left,
        )
    if as_json:
        print_json({"rows": [answer.data() for answer in answers]})
    for answer in answers if not as_json else ():
        if answer.error is None:
            notes = f": {answer.notes}" if answer.notes else ""
            for line in wrap(printable(f"{answer.task} is {answer.status}{notes}"), screen_width()):
                fact(line)
        else:
            talk(printable(answer.error))
    raise typer.Exit(int(any(answer.error is not None for answer in answers)))


def _tell_asked(who: Holder) -> None:
    told = printable(f"The run of {who} is asked; Ctrl-C ends the waiting.")
    for line in wrap(told, screen_width()):
        talk(line)
