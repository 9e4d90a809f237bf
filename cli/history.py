"""`mission history`: what was tried, what the gates said, what people did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import typer

from cli.arguments import PATH, path_or
from cli.console import fact, paint, print_json, printable, screen_width, talk
from cli.tables import Column, Styles, second, table, wrap, wrapped
from cli.typed_here import place_at
from mission.amounts import clock, in_one_line, span
from mission.journal import Attempt, Event
from mission.journal.kinds import Happening, Told
from policy.notifying.sending import MessageState
from service.moments import Moment, hosts_elsewhere, moments
from service.story import read_history

app = typer.Typer()

_OUTCOMES: Styles = {
    "success": "green",
    "needs-qa": "yellow",
    "blocked": "yellow",
    "failed": "red",
}
_ATTEMPTS = (
    Column(heading="STARTED"),
    Column(heading="TASK"),
    Column(heading="TRY", right=True),
    Column(heading="AGENT"),
    Column(heading="OUTCOME", styles=_OUTCOMES),
    Column(heading="TOOK", right=True),
)
_NOT_ARRIVED = (MessageState.FAILED, MessageState.GIVEN_UP)
_INDENT = "    "  # of the reason, below its attempt
_MOMENTS = (
    Column(heading="TIME"),
    Column(heading="TRY", right=True),
    Column(heading="WHAT"),
    Column(heading="DETAIL", flexible=True),
)


@app.command()
def history(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH] [ID]", help=f"ID: one task, with everything about it. {PATH}"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Attempts, gate verdicts, merges, status changes and requests, from the journal."""
    path, task = path_or(words or [], "ID")
    found = read_history(place_at(path), task)
    hosts = hosts_elsewhere(found.runs)
    if as_json:
        print_json(found.data())
    elif not found.attempts and not found.events:
        talk(f"Nothing has happened to {printable(task or found.path)} yet.")
    elif task is None:
        fact("\n".join(_told(found.attempts, hosts)))
        for line in _untold(found.events):
            fact(line)
    else:
        told = moments(found.attempts, found.events, hosts)
        fact(table(_MOMENTS, map(_moment_row, told)))


def _told(attempts: Sequence[Attempt], hosts: Mapping[int, str]) -> Iterator[str]:
    """A line for each attempt, with its host where that was another clone's; below it, where it did
    not go well, why."""
    rows = [_attempt_row(one, hosts.get(one.run)) for one in attempts]
    head, *lines = table(_ATTEMPTS, rows).split("\n")
    yield head
    for line, attempt in zip(lines, attempts, strict=True):
        yield line
        if attempt.reason:
            reason = printable(in_one_line(attempt.reason))
            for part in wrap(reason, screen_width() - len(_INDENT)):
                yield _INDENT + paint(part, "dim")


def _untold(events: Sequence[Event[Happening]]) -> Iterator[str]:
    """The messages that did not arrive, a line for each try."""
    for event in events:
        what = event.what
        if isinstance(what, Told) and what.state in _NOT_ARRIVED:
            after = "given up" if what.state == MessageState.GIVEN_UP else f"try {what.tries}"
            told = f"{event.at.astimezone():%m-%d %H:%M}  {what.to} was not told ({after})"
            yield from wrapped(f"{told}: {what.why}", "yellow")


def _attempt_row(attempt: Attempt, host: str | None) -> tuple[str, ...]:
    took = attempt.ended - attempt.started if attempt.ended else None
    return (
        f"{attempt.started.astimezone():%m-%d %H:%M}",
        attempt.task,
        str(attempt.number),
        attempt.agent if host is None else f"{attempt.agent} on {printable(host)}",
        attempt.outcome or f"({attempt.stage})",
        span(took),
    )


def _moment_row(moment: Moment) -> tuple[str, ...]:
    more = f", {moment.times}× until {second(moment.until)}" if moment.until else ""
    number = "" if moment.attempt is None else str(moment.attempt)
    return clock(moment.at), number, moment.what, moment.detail + more
