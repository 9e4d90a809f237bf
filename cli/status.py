"""`mission status`: how a mission stands, once or as it goes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from cli.console import fact, print_json
from cli.status_page import Standing, status_page
from errors import StoppedError, UsageError
from errors.finding import Severity
from gates.pause import PauseFiles
from mission.journal import Event, Journal
from mission.journal.kinds import RemoteAway, WillConflict
from mission.place import Place
from mission.plan import read_plan
from service.overview import make_overview, overview_data
from tasks_md.graph import Graph
from tasks_md.holder import holder
from tasks_md.lint import lint
from tasks_md.model import DONE, Plan

app = typer.Typer()

_LOOK_EVERY = 0.5  # seconds
_CLEAR = "\x1b[H\x1b[J"


@app.command()
def status(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and show every change.")] = False,
) -> None:
    """Milestones with their progress, what is ready, held up or waiting, and what was spent."""
    if watch and as_json:
        raise UsageError("--watch and --json do not go together", hint="Leave one of them out")
    place = Place.find(path)
    if watch:
        _watch(place)
    elif as_json:
        print_json(overview_data(standing_of(place).overview))
    else:
        fact(status_page(standing_of(place)))


def standing_of(place: Place) -> Standing:
    """Where the mission stands. Starts nothing, and asks no server."""
    plan = read_plan(place)
    with Journal.open_to_read(place.journal_file) as journal:
        spent = {task: sums.tokens for task, sums in journal.spent_by_task().items()}
        attempts = {attempt.task: attempt for attempt in journal.open_attempts()}
        away = journal.events(RemoteAway)
        conflicts = _conflicts(plan, journal.events(WillConflict))
    return Standing(
        overview=make_overview(plan, Graph.of(plan), spent),
        errors=sum(finding.severity is Severity.ERROR for finding in lint(plan)),
        holder=holder(place.state_dir),
        away=away[-1] if away and away[-1].what.away else None,
        paused=PauseFiles.of(state_dir=place.state_dir, folder=place.folder).read(),
        attempts=attempts,
        conflicts=conflicts,
    )


def _conflicts(plan: Plan, events: Iterable[Event[WillConflict]]) -> tuple[str, ...]:
    """Warnings about branches that conflict, while neither is merged."""
    files: dict[tuple[str, str], str] = {}
    for event in events:
        first, second = sorted((str(event.task), event.what.other))
        tasks = [plan.by_id.get(name) for name in (first, second)]
        if all(task and task.status != DONE for task in tasks):
            files[first, second] = ", ".join(event.what.files)
    return tuple(
        f"{first} and {second} will conflict: both change {changed}"
        for (first, second), changed in files.items()
    )


def _watch(place: Place) -> None:
    """Show the page again whenever the file or the journal changes, until Ctrl-C."""
    clear = _CLEAR if sys.stdout.isatty() else ""
    shown: str | None = None
    try:
        while True:
            seen = _versions(place)
            page = status_page(standing_of(place))
            if page != shown:
                fact(f"{clear}{page}" if clear or shown is None else f"\n{page}")
                shown = page
            while _versions(place) == seen:
                time.sleep(_LOOK_EVERY)
    except KeyboardInterrupt:
        raise StoppedError("stopped watching") from None


def _versions(place: Place) -> list[tuple[int, int] | None]:
    """What changes when a file that the page is made of changes."""
    journal = place.journal_file
    log = journal.with_name(f"{journal.name}-wal")
    return [_version(file) for file in (place.task_file, place.config_file, journal, log)]


def _version(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None  # gone, or not there yet: that is a version too
    return found.st_mtime_ns, found.st_size
