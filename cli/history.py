"""`mission history`: what was tried, what the gates said, what people did."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from cli.arguments import PATH, path_or
from cli.console import fact, paint, print_json, printable, screen_width, talk
from cli.tables import Column, Styles, table, wrap
from mission.amounts import clock, count, in_one_line, money, span
from mission.journal import Attempt, Event, Journal
from mission.journal.kinds import (
    EvidenceFound,
    GateAnswered,
    Happening,
    RequestAnswered,
    StatusSet,
    UsageBooked,
    Verified,
)
from mission.journal.stored import data_of, word_of
from mission.place import Place
from mission.plan import read_plan

app = typer.Typer()

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
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
    place = Place.find(path)
    plan = read_plan(place)
    with Journal.open_to_read(place.journal_file) as journal:
        runs = journal.runs()
        attempts = journal.attempts(task)
        events = journal.events(task=task)
    if task is not None and not attempts and not events:
        plan.task(task)  # a row that is gone keeps its history; a name that never was has none
    if as_json:
        print_json(
            {
                "mission": plan.mission,
                "path": str(place.task_file),
                "task": task,
                "runs": [asdict(run) for run in runs],
                "attempts": [asdict(attempt) for attempt in attempts],
                "events": [_event_data(event) for event in events],
            }
        )
    elif not attempts and not events:
        talk(f"Nothing has happened to {printable(task or str(place.task_file))} yet.")
    elif task is None:
        fact("\n".join(_told(attempts)))
    else:
        fact(table(_MOMENTS, _story(attempts, events)))


def _told(attempts: Sequence[Attempt]) -> Iterator[str]:
    """A line for each attempt; below it, where it did not go well, why."""
    head, *lines = table(_ATTEMPTS, map(_attempt_row, attempts)).split("\n")
    yield head
    for line, attempt in zip(lines, attempts, strict=True):
        yield line
        if attempt.reason:
            reason = printable(in_one_line(attempt.reason))
            for part in wrap(reason, screen_width() - len(_INDENT)):
                yield _INDENT + paint(part, "dim")


def _attempt_row(attempt: Attempt) -> tuple[str, ...]:
    took = attempt.ended - attempt.started if attempt.ended else None
    return (
        f"{attempt.started.astimezone():%m-%d %H:%M}",
        attempt.task,
        str(attempt.number),
        attempt.agent,
        attempt.outcome or f"({attempt.stage})",
        span(took),
    )


def _event_data(event: Event[Happening]) -> dict[str, object]:
    return {
        "id": event.id,
        "at": event.at,
        "kind": word_of(event.what),
        "run": event.run,
        "task": event.task,
        "attempt": event.attempt,
        "data": data_of(event.what),
    }


def _story(
    attempts: Sequence[Attempt], events: Sequence[Event[Happening]]
) -> list[tuple[str, ...]]:
    """Everything about one task, in the order in which it happened."""
    numbers = {attempt.id: str(attempt.number) for attempt in attempts}
    told: list[tuple[datetime, str, str, str]] = []
    for attempt in attempts:
        told += _moments_of(attempt)
    for event, times, last in _without_repetitions(events):
        if isinstance(event.what, UsageBooked):
            continue  # its sums are with the attempt
        number = numbers.get(event.attempt, "") if event.attempt is not None else ""
        more = f", {times}× until {last.astimezone():%H:%M:%S}" if times > 1 else ""
        told.append((event.at, number, word_of(event.what), _detail(event.what) + more))
    told.sort(key=lambda one: one[0])
    return [(clock(at), number, what, detail) for at, number, what, detail in told]


def _without_repetitions(
    events: Sequence[Event[Happening]],
) -> list[tuple[Event[Happening], int, datetime]]:
    """The events with how often, and until when, each was said: gates that wait ask many times."""
    told: list[tuple[Event[Happening], int, datetime]] = []
    asked: dict[str, int] = {}  # gates asked since anything else happened -> their place in `told`
    for event in events:
        if not isinstance(event.what, GateAnswered):
            asked.clear()
            told.append((event, 1, event.at))
            continue
        gate = event.what.gate
        at = asked.get(gate)
        if at is not None and told[at][0].what == event.what:
            told[at] = (told[at][0], told[at][1] + 1, event.at)
        else:
            asked[gate] = len(told)
            told.append((event, 1, event.at))
    return told


def _moments_of(attempt: Attempt) -> Iterator[tuple[datetime, str, str, str]]:
    number = str(attempt.number)
    begun = [attempt.agent, attempt.route and f"({attempt.route})", attempt.branch or ""]
    yield attempt.started, number, "started", " ".join(filter(None, begun))
    if attempt.ended is None:
        return
    facts = [
        attempt.outcome or "",
        in_one_line(attempt.reason),
        f"{count(attempt.tokens)} tokens" if attempt.tokens else "",
        money(attempt.cost_usd) if attempt.cost_usd is not None else "",
        span(attempt.ended - attempt.started),
        f"log {attempt.log}" if attempt.log else "",
    ]
    yield attempt.ended, number, "ended", "; ".join(filter(None, facts))


def _detail(what: Happening) -> str:
    """An event in words; what is not there is left out."""
    data = data_of(what)
    lead, said = _lead(what)
    told = [lead]
    for key in said:
        data.pop(key, None)
    given = ((key, value) for key, value in data.items() if value not in (None, "", [], {}))
    told += [f"{key} {_shown(value)}" for key, value in given]
    return ", ".join(filter(None, told))


def _lead(what: Happening) -> tuple[str, tuple[str, ...]]:
    """The words that say most, for the kinds that people read most; and the fields in them."""
    match what:
        case StatusSet():
            return f"{what.old} → {what.new}", ("old", "new")
        case GateAnswered():
            # The branch and its commit are in the lines around it.
            said = ("gate", "state", "purpose", "branch", "commit")
            return f"{what.gate}: {what.state} for the {what.purpose}", said
        case Verified():
            ended = "passed" if what.ok else "failed"
            return f"{what.step}: {ended}", ("step", "ok", "tree")
        case EvidenceFound():
            took = f" ({what.seconds} s)" if what.seconds else ""
            return f"{what.check}: {what.found}{took}", ("check", "found", "seconds")
        case RequestAnswered():
            lead = f"{what.asked} by {what.by} (request {what.request})"
            return lead, ("asked", "by", "request")
        case _:
            return "", ()


def _shown(value: object) -> str:
    """A value in a few characters where that says as much: a commit's start, a list's entries."""
    if isinstance(value, list):
        return " ".join(map(_shown, value))
    text = str(value)
    return text[:10] if _COMMIT.fullmatch(text) else text
