"""`mission gate queue`: the mission's gates alone, for scripts and for people."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Annotated, Literal

import typer

from cli.console import fact, print_json, printable, talk
from cli.lazy import FullGroup
from cli.tables import second
from cli.typed_here import place_at
from errors import GateError, GateTimeoutError, UsageError
from gates.pause import PauseFiles
from gates.protocol import GateRequest, GateVerdict, Purpose
from gates.registry import Patience, Surroundings, create_gates
from gates.script import IN_GATE
from gates.waiting import Waiting, wait_until_clear
from mission.config import MissionConfig, QueueGateConfig, load_config, parse_duration
from mission.place import Place
from tasks_md.words import branch_problem
from workspace.process import Stop
from workspace.redact import Redactor
from workspace.repository import Repository

app = typer.Typer(cls=FullGroup)

_REMIND = timedelta(minutes=1)  # how often an unchanged wait is told again


@app.callback()
def _group() -> None:
    """Ask what must say clear before a push or a merge."""


@app.command()
def queue(
    *,
    purpose: Annotated[Purpose, typer.Option(help="What is about to happen.")],
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
    branch: Annotated[
        str | None,
        typer.Option(help="The branch that is pushed or merged; by default the current one."),
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(help="How long to wait: seconds, or 30m. 0 asks once.")
    ] = None,
    interval: Annotated[
        str | None, typer.Option(help="Between two questions: seconds, or 10s.")
    ] = None,
    detach_on: Annotated[
        Literal["busy"] | None, typer.Option(help="Do not wait while a gate is busy.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Wait until nothing is queued or running that the push or merge would disturb.

    Exit code 0: clear. 1: red. 75: not clear in time. 2: wrong use.
    """
    if os.environ.get(IN_GATE):
        raise UsageError(
            f"the gate {os.environ[IN_GATE]} would ask itself for ever",
            hint="A script gate cannot ask it; use a gate of type queue in its place",
        )
    place = _place(path)
    if not as_json:
        talk(f"Asking before the {purpose}")
    config = load_config(place.config_file) if place else MissionConfig()
    repository = Repository.open(
        place.folder if place else Path.cwd(), base=config.base, remote=config.remote
    )
    named = _current(repository) if branch is None else _checked(branch)
    request = GateRequest(purpose=purpose, branch=named, base=config.base)
    configs = config.gates or [QueueGateConfig()]
    patience = Patience.of(configs)
    progress = _Heard()
    error: GateError | None = None
    with _stopped_by_interrupt() as stop:
        try:
            wait_until_clear(
                create_gates(configs, _surroundings(config, repository, place, stop)),
                request,
                timeout=_duration("--timeout", timeout, patience.timeout),
                interval=_duration("--interval", interval, patience.interval),
                stop=stop,
                on_wait=progress.waits,
                on_verdict=progress.hears,
                clear_reads=patience.clear_reads,
                detach_on_busy=detach_on == "busy",
            )
        except GateError as caught:
            error = caught
    if as_json:
        print_json(_as_json(request, progress, error))
        raise typer.Exit(error.exit_code if error else 0)
    if error:
        raise error
    for verdict in progress.last.values():
        fact(printable(f"{verdict.gate}: {verdict.state}: {verdict.detail}"))


def _place(path: str | None) -> Place | None:
    """The mission; None where nobody named one and there is none: a repository will do."""
    try:
        return place_at(path)
    except UsageError:
        if path is not None:
            raise
        return None


def _surroundings(
    config: MissionConfig, repository: Repository, place: Place | None, stop: Stop
) -> Surroundings:
    pause = PauseFiles.of(state_dir=place.state_dir, folder=place.folder) if place else None
    return Surroundings(
        folder=repository.top,
        stop=stop,
        redact=Redactor.from_environment().line,
        forge=config.forge,
        remote_url=repository.address(),
        pause=pause,
        count_pause=True,
    )


def _current(repository: Repository) -> str:
    found = repository.git.run("symbolic-ref", "--quiet", "--short", "HEAD", check=False)
    if found.code != 0:
        raise UsageError("no branch is checked out here", hint="Name one with --branch")
    return found.text


def _checked(branch: str) -> str:
    """A slip of the pen is no branch that may still appear: it is not waited for."""
    problem = branch_problem(branch)
    if problem:
        raise UsageError(
            f"--branch: {branch!r} is not a branch name: {problem}",
            hint="Name it as git does",
        )
    return branch


def _duration(option: str, text: str | None, default: timedelta) -> timedelta:
    if text is None:
        return default
    try:
        seconds = float(text)
    except ValueError:
        try:
            return parse_duration(text)
        except ValueError as error:
            raise UsageError(f"{option}: {error}", hint="Seconds, or a text such as 30m") from error
    if not 0 <= seconds <= 10**7:
        raise UsageError(f"{option}: {text} is no number of seconds that can be waited for")
    return timedelta(seconds=seconds)


class _Heard:
    """What was heard, and what people are told while they wait."""

    def __init__(self) -> None:
        self.last: dict[str, GateVerdict] = {}  # by gate
        self._started = time.monotonic()
        self._told = ""
        self._told_at = timedelta()

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self._started, 1)

    def hears(self, verdict: GateVerdict) -> None:
        self.last[verdict.gate] = verdict

    def waits(self, waiting: Waiting) -> None:
        """Say it when it changes, and again from time to time."""
        verdict = waiting.verdict
        said = f"{verdict.gate}: {verdict.state}: {verdict.detail}"
        if said == self._told and waiting.waited - self._told_at < _REMIND:
            return
        self._told, self._told_at = said, waiting.waited
        since = second(waiting.since)
        talk(printable(f"waiting for {said} (since {since})"))


def _as_json(request: GateRequest, progress: _Heard, error: GateError | None) -> dict[str, object]:
    state = "clear"
    if error is not None:
        state = "timed-out" if isinstance(error, GateTimeoutError) else "red"
    return {
        "state": state,
        "purpose": request.purpose.value,
        "branch": request.branch,
        "base": request.base,
        "detail": error.message if error else "",
        "seconds": progress.seconds,
        "gates": [
            {
                "gate": verdict.gate,
                "state": verdict.state.value,
                "reason": verdict.reason,
                "detail": verdict.detail,
                "since": verdict.since,
                "commit": verdict.commit,
            }
            for verdict in progress.last.values()
        ],
    }


@contextmanager
def _stopped_by_interrupt() -> Iterator[Stop]:
    """A stop that Ctrl-C requests, so that a script's whole tree ends with us."""
    stop = Stop()

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        stop.request("interrupted")

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
