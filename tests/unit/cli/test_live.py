"""How a run is shown on a terminal 80 wide, and in a pipe."""

from __future__ import annotations

import io

from rich.console import Console

from cli.live import LiveDisplay, PlainDisplay, display_for
from mission.state import Status
from orchestrator.ports.display import Progress


def console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), width=80, force_terminal=terminal, color_system=None)


def written(target: Console) -> str:
    assert isinstance(target.file, io.StringIO)
    return target.file.getvalue()


def test_ids_are_whole_and_lines_fit_however_much_an_agent_says() -> None:
    target = console(terminal=True)
    display = LiveDisplay(target)
    display.doing("FED-M1-10", "sonnet works", "x" * 500)
    display.progress(Progress(counts={Status.DONE: 3}, ready=2, live=1))
    target.print(display._render())
    lines = written(target).splitlines()
    assert lines[0].startswith("FED-M1-10 0:00 sonnet works: xxx")
    assert all(len(line) <= 80 for line in lines)
    assert lines[1].rstrip() == "3 done, 2 ready"


def test_the_totals_stay_on_the_screen_however_many_rows_are_under_way() -> None:
    target = Console(
        file=io.StringIO(), width=80, height=24, force_terminal=True, color_system=None
    )
    display = LiveDisplay(target)
    display.progress(Progress(counts={Status.IN_PROGRESS: 34}, ready=2, live=34))
    for number in range(34):
        display.doing(f"FED-M1-{number}", "sonnet works")
    target.print(display._render())
    lines = [line.rstrip() for line in written(target).splitlines()]
    assert len(lines) < 24
    assert lines[-2:] == ["… and 13 more under way", "34 in-progress, 2 ready"]


def test_a_pipe_gets_a_line_for_each_phase_and_each_fact() -> None:
    target = console(terminal=False)
    display = display_for(target)
    assert isinstance(display, PlainDisplay)
    with display:
        display.doing("A", "works", "one")
        display.doing("A", "works", "two")
        display.doing("A", "merges")
        display.say("A: done\x1b[31m")
        display.doing("A", "")
    assert written(target).splitlines() == [
        "A: works (one)",
        "A: merges",
        "A: done\\x1b[31m",
    ]
