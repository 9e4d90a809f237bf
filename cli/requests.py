"""`mission set`, `approve`, `reject`, `retry`, `unblock`: what people ask of the single writer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from cli.arguments import PATH, path_and, path_and_rows
from cli.asking import ask, ask_for, asker
from cli.console import fact, print_json, printable, talk
from cli.typed_here import place_at
from errors import RequestRefusedError, UsageError
from mission.journal import RequestKind
from mission.state import Status
from service.ask import Asked, Wish

set_app, approve_app, reject_app, retry_app, unblock_app = (typer.Typer() for _ in range(5))

_Words = Annotated[
    list[str] | None, typer.Argument(metavar="[PATH] ID...", help=f"ID: a task's. {PATH}")
]
_Note = Annotated[str | None, typer.Option(help="A word for the rows' notes and the journal.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@set_app.command()
def set_status(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[PATH] ID STATUS", help=f"STATUS: {', '.join(Status)}. ID: the task's. {PATH}"
        ),
    ],
    note: Annotated[str | None, typer.Option(help="A word for the row's notes.")] = None,
    as_json: _Json = False,
) -> None:
    """Set a row's status, as far as the state machine lets a person do so."""
    path, (task, status) = path_and(words, "ID", "STATUS")
    if status not in set(Status):
        raise UsageError(f"there is no status {status!r}", hint=f"There are: {', '.join(Status)}")
    asked = ask(path, RequestKind.SET, task, status=Status(status), note=note)
    _tell([asked], as_json=as_json, single=True)


@approve_app.command()
def approve(
    words: _Words = None,
    every: Annotated[bool, typer.Option("--all", help="Every row that is needs-qa.")] = False,
    note: _Note = None,
    as_json: _Json = False,
) -> None:
    """Let finished work that waits for a person be merged, through all gates."""
    _ask(RequestKind.APPROVE, Status.NEEDS_QA, words, note, every=every, as_json=as_json)


@reject_app.command()
def reject(
    words: _Words = None,
    every: Annotated[bool, typer.Option("--all", help="Every row that is needs-qa.")] = False,
    note: _Note = None,
    as_json: _Json = False,
) -> None:
    """Send finished work that waits for a person back: the next attempt goes on with it, and is
    told the note."""
    _ask(RequestKind.REJECT, Status.NEEDS_QA, words, note, every=every, as_json=as_json)


@retry_app.command()
def retry(
    words: _Words = None,
    every: Annotated[bool, typer.Option("--all", help="Every row that is failed.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Go on where the last attempt was.")] = False,
    note: _Note = None,
    as_json: _Json = False,
) -> None:
    """Let failed tasks be tried again: from the current base, with what their agents are told in
    the note. What the attempts before left is kept aside."""
    kind = RequestKind.RETRY_KEEP if keep else RequestKind.RETRY
    _ask(kind, Status.FAILED, words, note, every=every, as_json=as_json)


@unblock_app.command()
def unblock(
    words: _Words = None,
    every: Annotated[bool, typer.Option("--all", help="Every row that is blocked.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Take what a branch holds that no attempt made.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Start on the current base, whatever there is.")
    ] = False,
    note: _Note = None,
    as_json: _Json = False,
) -> None:
    """Let blocked tasks go on: what they lacked is there now. Finished work is taken as its branch
    holds it by now: rebased, reset or merged, here or on the remote."""
    if keep and anew:
        raise UsageError("--keep and --anew are one or the other", hint="--help says more")
    kind = RequestKind.UNBLOCK
    if keep or anew:
        kind = RequestKind.UNBLOCK_KEEP if keep else RequestKind.UNBLOCK_ANEW
    _ask(kind, Status.BLOCKED, words, note, every=every, as_json=as_json)


def _ask(
    kind: RequestKind,
    wanted: Status,
    words: list[str] | None,
    note: str | None,
    *,
    every: bool,
    as_json: bool,
) -> None:
    """Ask for the same of the rows that are named, or of every one that is `wanted`."""
    path, tasks = path_and_rows(words or (), every=every)
    if every:
        from service.posting import rows_that_are  # noqa: PLC0415 - takes half a second

        tasks = rows_that_are(place_at(path), wanted)
    by = asker()
    wishes = [Wish(kind=kind, task=task, note=note, by=by) for task in dict.fromkeys(tasks)]
    asked = ask_for(path, wishes) if wishes else []
    if not asked and not as_json:
        fact(f"No row is {wanted}.")
    single = not every and len(asked) == 1
    if single and asked[0].error is not None:
        raise RequestRefusedError(asked[0].error)
    _tell(asked, as_json=as_json, single=single)


def _became(asked: Asked) -> str:
    if asked.kind is RequestKind.APPROVE and asked.status == Status.NEEDS_QA:
        return f"{asked.task} is approved: the run merges it."  # which takes a while
    return f"{asked.task} is {asked.status}."


def _tell(asked: Sequence[Asked], *, as_json: bool, single: bool) -> None:
    """Tell what became of each; a `single` one without the list around it."""
    if as_json and single:
        print_json(asked[0].data())
    elif as_json:
        print_json({"rows": [one.data() for one in asked]})
    for one in asked:
        if one.error is not None:
            talk(printable(one.error))
        elif not as_json:
            fact(printable(_became(one)))
            if one.exit_code:
                talk(printable(one.notes))
    if any(one.applied_by == "this command" and one.status == Status.NOT_STARTED for one in asked):
        talk(printable("`mission run` carries on."))
    raise typer.Exit(max((one.exit_code for one in asked), default=0))
