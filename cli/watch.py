"""`mission watch`: look on while a run is at work, from any terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console

from cli.live import RunDisplay, display_for
from cli.typed_here import place_at
from errors import StoppedError
from mission.state import Status
from orchestrator.ports.display import Progress
from service.builder import Standings
from service.standing import LiveAttempt, Standing

app = typer.Typer()


@app.command()
def watch(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
) -> None:
    """What is under way, as `mission run` shows it; a line for each row that changes.

    It changes nothing, waits for the next run when one has ended, and goes on until Ctrl-C.
    """
    standings = Standings.shared(place_at(path))
    with display_for(Console()) as display:
        watched = _Watched(display)
        try:
            for standing in standings.follow(over=_sleep):
                watched.show(standing)
        except KeyboardInterrupt:
            raise StoppedError("stopped watching") from None


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


class _Watched:
    """Turns each standing into what a run tells its display."""

    def __init__(self, display: RunDisplay) -> None:
        self._display = display
        self._statuses: dict[str, str] | None = None
        self._doing: frozenset[str] = frozenset()
        self._head: tuple[str, ...] = ()

    def show(self, standing: Standing) -> None:
        """Tell what differs from the one before."""
        head = tuple(_head(standing))
        for line in head:
            if line not in self._head:
                self._display.say(line)
        self._head = head
        self._tell_statuses(standing)
        live = {one.attempt.task: one for one in standing.attempts if one.live}
        for task in sorted(self._doing - live.keys()):
            self._display.doing(task, "")
        self._doing = frozenset(live)
        for task, one in live.items():
            self._display.doing(task, *_phase(standing, one), since=one.attempt.started)
        self._display.progress(_progress(standing, len(live)))

    def _tell_statuses(self, standing: Standing) -> None:
        tasks = [view.task for view in standing.overview.tasks]
        before, self._statuses = self._statuses, {task.id: task.status for task in tasks}
        for task in tasks:
            if before is not None and before.get(task.id) != task.status:
                notes = f": {task.notes}" if task.notes else ""
                self._display.say(f"{task.id} is {task.status}{notes}")


def _head(standing: Standing) -> Iterator[str]:
    run = standing.run
    if run is None or not run.at_work:
        yield "No run is at work: `mission run` carries on"
    else:
        yield f"A run is under way: process {run.pid} on {run.host} ({run.command})"
    if standing.paused is not None:
        yield f"Paused: {standing.paused.detail}"
    if standing.away is not None:
        yield standing.away.what.text


def _phase(standing: Standing, one: LiveAttempt) -> tuple[str, str]:
    """What an attempt does, and what holds it."""
    attempt = one.attempt
    phase = f"{one.step}, {attempt.agent}, attempt {attempt.number}"
    waits = standing.waits.get(attempt.task, ())
    return phase, waits[0].why if waits else ""


def _progress(standing: Standing, live: int) -> Progress:
    counts = dict.fromkeys(Status, 0)
    for view in standing.overview.tasks:
        if view.task.status in counts:
            counts[Status(view.task.status)] += 1
    return Progress(counts=counts, ready=len(standing.overview.ready), live=live)
