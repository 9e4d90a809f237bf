"""`mission run`: carry the mission out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from cli.console import fact, print_json, printable, talk
from cli.live import display_for
from cli.stopping import stopped_by_signals
from flows.run import carry_out
from mission.amounts import counted
from mission.place import Place
from mission.plan_copy import plan_file
from orchestrator.dry_run import RowPreview, held_back, preview_run
from orchestrator.expanding import next_placeholder
from orchestrator.run import RunRequest, check_request, select, warnings_of
from orchestrator.run_end import RunEnd
from orchestrator.soundness.soundness import examine
from workspace.process import Stop

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
    request = RunRequest(
        path=path,
        milestones=tuple(milestone or ()),
        tasks=tuple(task or ()),
        max_parallel=max_parallel,
        expand=expand,
        take_over=take_over,
    )
    if dry_run:
        _dry_run(request, as_json=as_json)
        return
    place = check_request(request, _warn)
    talk(f"Carrying out {printable(str(place.task_file))}")
    stop = Stop()
    with display_for(Console(stderr=True)) as display, stopped_by_signals(stop):
        end = carry_out(request, display, stop)
    _report(end, as_json=as_json)
    raise typer.Exit(end.exit_code)


def _dry_run(request: RunRequest, *, as_json: bool) -> None:
    place = Place.find(request.path)
    config, plan = examine(place, file=plan_file(place)).sound()
    selected = select(plan, request)
    for told in warnings_of(place, config):
        _warn(told)
    planned = preview_run(plan, config, selected)
    starting = {one.task for one in planned}
    held = {task: why for task, why in held_back(plan, selected).items() if task not in starting}
    if as_json:
        print_json({"dispatch": [asdict(one) for one in planned], "held_back": held})
        return
    if not planned:
        fact(f"Nothing would be dispatched: {'no row is ready' if held else 'every row is done'}.")
    for line in _told(planned):
        fact(printable(line))
    for task, why in held.items():
        fact(printable(f"{'-':>3} {task} {why}" if planned else f"  {task} {why}"))
    if planned and not config.gates:
        fact("No gate is configured: nothing would hold a push or a merge back.")
    milestone = next_placeholder(plan) if selected is None else None
    if milestone is not None:
        fact(printable(_unplanned(milestone.id)))


def _warn(told: str) -> None:
    talk(printable(told))


def _told(planned: Sequence[RowPreview]) -> Iterator[str]:
    """A line for each row, and one for what is the same for all of them."""
    told = [_settings(one) for one in planned]
    same = {part for part in told[0] if all(part in parts for parts in told)} if planned else set()
    same = same if len(planned) > 1 else set()
    for one, parts in zip(planned, told, strict=True):
        line = f"{one.wave:>2}. {one.task}  by {one.agent or 'nobody'} ({one.rule})"
        line += f", branch {one.branch}" if one.branch else ""
        own = [part for part in parts if part not in same]
        own += [f"! {one.problem}"] if one.problem else []
        yield "; ".join([line, *own])
    if same:
        yield f"Each: {'; '.join(part for part in told[0] if part in same)}"


def _settings(one: RowPreview) -> list[str]:
    """What is done with a row, in this order."""
    if not one.branch:
        return [f"where: {one.where}"]
    return [
        f"where: {one.where}",
        f"prepare: {', '.join(one.prepare) or 'nothing'}",
        f"verify: {', '.join(one.verify) or 'nothing'}",
        f"review: {' or '.join(one.review) or 'none'}",
        f"qa: {'a person' if one.qa else 'none'}",
        f"gates: {', '.join(one.gates) or 'none'}",
    ]


def _report(end: RunEnd, *, as_json: bool) -> None:
    if as_json:
        print_json({"exit_code": end.exit_code, **asdict(end)})
        return
    if end.stopped:
        further = " Run again to carry on." if end.interrupted else ""
        fact(printable(f"Stopped: {end.stopped.removesuffix('.')}.{further}"))
    counts = ", ".join(f"{count} {status}" for status, count in end.counts.items())
    fact(f"Rows: {counts or 'none'}.")
    for task in end.needs_qa:
        fact(f"  {task} waits for a person: mission approve {task}")
    left = {"failed": end.failed, "blocked": end.blocked, "left in progress": end.in_progress}
    for word, tasks in left.items():
        for task in tasks:
            fact(f"  {task} {word}: mission history {task} says why")
    held = [f"{task} is over the budget: {told}" for task, told in end.over_budget.items()]
    for told in (*held, *end.given_up.values()):
        fact(printable(f"  {told}"))
    for task, names in end.waiting.items():
        if names:
            fact(f"  {task} waits for {', '.join(names)}")
    for told in _afterwards(end):
        fact(printable(told))


def _unplanned(milestone: str) -> str:
    return f"{milestone} is not planned yet: mission expand {milestone}"


def _afterwards(end: RunEnd) -> Iterator[str]:
    """What is left to say that is about no row."""
    yield from end.broken
    if end.unplanned:
        yield _unplanned(end.unplanned)
    if end.behind:
        yield f"{end.behind[0].upper()}{end.behind[1:]}."
    if end.missing:
        lacks = counted(len(end.missing), "task run")
        more = " …" if len(end.missing) > 1 else ""
        yield f"Prefect's record lacks {lacks}: {end.missing[0]}{more}"
