"""`mission set`, `approve`, `reject`, `retry`, `unblock`: what people ask of the single writer."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.arguments import PATH, path_and
from cli.asking import ask
from cli.console import fact, print_json, printable, talk
from errors import UsageError
from mission.journal import RequestKind
from mission.state import Status
from service.ask import Asked

set_app, approve_app, reject_app, retry_app, unblock_app = (typer.Typer() for _ in range(5))

_Words = Annotated[list[str], typer.Argument(metavar="[PATH] ID", help=f"ID: the task's. {PATH}")]
_Note = Annotated[str | None, typer.Option(help="A word for the row's notes and the journal.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@set_app.command()
def set_status(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[PATH] ID STATUS", help=f"STATUS: {', '.join(Status)}. ID: the task's. {PATH}"
        ),
    ],
    note: _Note = None,
    as_json: _Json = False,
) -> None:
    """Set a row's status, as far as the state machine lets a person do so."""
    path, (task, status) = path_and(words, "ID", "STATUS")
    if status not in set(Status):
        raise UsageError(f"there is no status {status!r}", hint=f"There are: {', '.join(Status)}")
    _tell(ask(path, RequestKind.SET, task, status=Status(status), note=note), as_json=as_json)


@approve_app.command()
def approve(words: _Words, note: _Note = None, as_json: _Json = False) -> None:
    """Let finished work that waits for a person be merged, through all gates."""
    _tell(_ask(RequestKind.APPROVE, words, note), as_json=as_json)


@reject_app.command()
def reject(words: _Words, note: _Note = None, as_json: _Json = False) -> None:
    """Send finished work that waits for a person back, to be done again."""
    _tell(_ask(RequestKind.REJECT, words, note), as_json=as_json)


@retry_app.command()
def retry(words: _Words, note: _Note = None, as_json: _Json = False) -> None:
    """Let a failed task be tried again."""
    _tell(_ask(RequestKind.RETRY, words, note), as_json=as_json)


@unblock_app.command()
def unblock(words: _Words, note: _Note = None, as_json: _Json = False) -> None:
    """Let a blocked task be tried again: what it lacked is there now."""
    _tell(_ask(RequestKind.UNBLOCK, words, note), as_json=as_json)


def _ask(kind: RequestKind, words: list[str], note: str | None) -> Asked:
    path, (task,) = path_and(words, "ID")
    return ask(path, kind, task, note=note)


def _tell(asked: Asked, *, as_json: bool) -> None:
    if as_json:
        print_json(asked.data())
    else:
        fact(printable(f"{asked.task} is {asked.status}."))
        if asked.exit_code:
            talk(printable(asked.notes))
    raise typer.Exit(asked.exit_code)
