"""`mission set`, `approve`, `reject`, `retry`, `unblock`: what people ask of the single writer."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.asking import Asked, ask
from cli.console import fact, print_json, printable, talk
from mission.journal import RequestKind
from mission.state import Status

set_app, approve_app, reject_app, retry_app, unblock_app = (typer.Typer() for _ in range(5))

_Path = Annotated[str, typer.Argument(help="A TASKS.md, or a folder that holds one.")]
_Task = Annotated[str, typer.Argument(metavar="ID", help="The task's id.")]
_Note = Annotated[str | None, typer.Option(help="A word for the row's notes and the journal.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@set_app.command()
def set_status(
    path: _Path,
    task: _Task,
    status: Annotated[Status, typer.Argument(help="The new status.")],
    note: _Note = None,
    as_json: _Json = False,
) -> None:
    """Set a row's status, as far as the state machine lets a person do so."""
    _tell(ask(path, RequestKind.SET, task, status=status, note=note), as_json=as_json)


@approve_app.command()
def approve(path: _Path, task: _Task, note: _Note = None, as_json: _Json = False) -> None:
    """Let finished work that waits for a person be merged, through all gates."""
    _tell(ask(path, RequestKind.APPROVE, task, note=note), as_json=as_json)


@reject_app.command()
def reject(path: _Path, task: _Task, note: _Note = None, as_json: _Json = False) -> None:
    """Send finished work that waits for a person back, to be done again."""
    _tell(ask(path, RequestKind.REJECT, task, note=note), as_json=as_json)


@retry_app.command()
def retry(path: _Path, task: _Task, note: _Note = None, as_json: _Json = False) -> None:
    """Let a failed task be tried again."""
    _tell(ask(path, RequestKind.RETRY, task, note=note), as_json=as_json)


@unblock_app.command()
def unblock(path: _Path, task: _Task, note: _Note = None, as_json: _Json = False) -> None:
    """Let a blocked task be tried again: what it lacked is there now."""
    _tell(ask(path, RequestKind.UNBLOCK, task, note=note), as_json=as_json)


def _tell(asked: Asked, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "task": asked.task,
                "request": asked.request,
                "kind": asked.kind.value,
                "status": asked.status,
                "notes": asked.notes,
                "applied_by": asked.applied_by,
            }
        )
    else:
        fact(printable(f"{asked.task} is {asked.status}."))
        if asked.exit_code:
            talk(printable(asked.notes))
    raise typer.Exit(asked.exit_code)
