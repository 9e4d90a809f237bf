"""What `mission run` does once it has begun to speak, and what it says of how that ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.console import Console

from cli.console import fact, print_json, printable, talk
from cli.live import display_for
from cli.stopping import stopped_by_signals
from cli.typed_here import command_here, place_at, text_here
from flows.run import carry_out
from mission.amounts import counted
from mission.plan_copy import plan_file
from orchestrator.dry_run import RowPreview, held_back, preview_run
from orchestrator.expanding import next_placeholder
from orchestrator.run import RunRequest, check_request, select, warnings_of
from orchestrator.run_end import RunEnd
from orchestrator.soundness.soundness import examine
from workspace.process import Stop


def carry_out_and_tell(request: RunRequest, *, as_json: bool) -> int:
    """Carry the mission out and say what it came to; the exit code.

    Raises:
        MissionError: As `check_request` and `carry_out` raise them.
    """
    check_request(request, lambda told: talk(printable(told)))
    stop = Stop()
    with display_for(Console(stderr=True)) as display, stopped_by_signals(stop):
        end = carry_out(request, display, stop)
    _report(end, as_json=as_json)
    return end.exit_code


def tell_dry_run(request: RunRequest, *, as_json: bool) -> None:
    """Say what a run would dispatch; nothing is changed.

    Raises:
        MissionError: As `orchestrator.soundness.soundness.examine` raises them.
    """
    place = place_at(request.path)
    config, plan = examine(place, file=plan_file(place)).sound()
    selected = select(plan, request)
    for told in warnings_of(place, config):
        talk(printable(told))
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
        fact(printable(text_here(f"Stopped: {end.stopped.removesuffix('.')}.{further}")))
    counts = ", ".join(f"{count} {status}" for status, count in end.counts.items())
    fact(f"Rows: {counts or 'none'}.")
    for task in end.needs_qa:
        fact(printable(f"  {task} waits for a person: {command_here(f'mission approve {task}')}"))
    left = {"failed": end.failed, "blocked": end.blocked, "left in progress": end.in_progress}
    for word, tasks in left.items():
        for task in tasks:
            fact(printable(f"  {task} {word}: {command_here(f'mission history {task}')} says why"))
    held = [f"{task} is over the budget: {told}" for task, told in end.over_budget.items()]
    for told in (*held, *end.given_up.values()):
        fact(printable(text_here(f"  {told}")))
    for task, names in end.waiting.items():
        if names:
            fact(f"  {task} waits for {', '.join(names)}")
    for told in _afterwards(end):
        fact(printable(text_here(told)))


def _unplanned(milestone: str) -> str:
    return f"{milestone} is not planned yet: {command_here(f'mission expand {milestone}')}"


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
