"""What `mission init` finds, asks and writes."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from cli.check import print_findings
from cli.console import fact, paint, printable, shown_path, talk
from cli.question import answered
from cli.typed_here import command_here, place_at
from errors import UsageError
from errors.finding import Severity
from mission.founding.texts import mission_name
from mission.place import TASK_FILE
from orchestrator.soundness.soundness import examine
from service.founding import Choice, Ground, begin, labelled_rows, look_around

_COMMIT = "git commit -m 'Plan the mission'"


def found_and_tell(folder: Path, *, yes: bool, label: str | None, base: str | None) -> bool:
    """Look around, ask what is to be asked, write the files and check them; whether that is clean.

    Raises:
        MissionError: As `service.founding` raises it. Nothing was written.
    """
    ground = look_around(folder, os.environ, Path.home(), base=base)
    choice = _found(ground)
    _tell(ground, choice)
    if not yes and sys.stdin.isatty():
        choice = _asked(ground, choice)
    rows = labelled_rows(ground, label, os.environ) if label is not None else ()
    written = begin(ground, choice, rows)
    for file in written:
        fact(f"wrote {shown_path(file)}")
    if rows:
        fact(
            f"{len(rows)} row{'s' if len(rows) > 1 else ''} from issues: others wrote these texts;"
        )
        fact("read them before an agent does")
    place = place_at(str(ground.folder / TASK_FILE))
    findings = examine(place).findings
    if findings:
        print_findings(findings)
    bad = any(one.severity is Severity.ERROR for one in findings)
    fact(paint("check: no errors", "green") if not bad else paint("check: see above", "red"))
    _next(ground, written)
    return not bad


def _found(ground: Ground) -> Choice:
    return Choice(
        name=mission_name(ground.folder.name),
        base=ground.facts.base,
        tests=ground.tests.commands if ground.tests is not None else (),
        agent=next(iter(ground.ready), "sonnet"),
    )


def _tell(ground: Ground, choice: Choice) -> None:
    facts = ground.facts
    remote = f", remote {facts.remote}" if facts.remote else ", no remote"
    _line("branch", f"{choice.base}{remote}")
    tests = " && ".join(shlex.join(command) for command in choice.tests)
    source = f" (from {ground.tests.source})" if ground.tests is not None else ""
    _line("tests", f"{tests}{source}" if tests else ground.no_tests)
    _line("agents", ", ".join(ground.ready) or "none is installed and logged in here")
    if not ground.ready:
        for one in ground.agents[:2]:
            _line("", f"{one.agent}: {one.missing}")
    _line("forge", ground.forge or "none that the remote tells of")
    _line("queue", ground.no_queue or "pushes and merges wait for its CI")


def _line(name: str, text: str) -> None:
    fact(f"{name:8}{printable(text)}")


def _asked(ground: Ground, found: Choice) -> Choice:
    talk("Press Enter to take what is in brackets.")
    name = answered("Name of the mission", found.name)
    base = answered("Branch that work is merged into", found.base)
    known = " && ".join(shlex.join(command) for command in found.tests)
    told = answered("Tests that must pass before a merge, or none", known or "none")
    tests = found.tests if told == known else _commands(told)
    names = ", ".join(ground.ready)
    who = f"Agent for rows that name none ({names})" if names else "Agent for rows that name none"
    agent = answered(who, found.agent)
    known_agents = [one.agent for one in ground.agents]
    if agent not in known_agents:
        raise UsageError(
            f"{agent} is none of {', '.join(known_agents)}", hint="Nothing was written"
        )
    return Choice(name=name, base=base, tests=tests, agent=agent)


def _commands(told: str) -> tuple[tuple[str, ...], ...]:
    if told.lower() in {"none", "no", "-"}:
        return ()
    try:
        commands = tuple(tuple(shlex.split(part)) for part in told.split("&&"))
    except ValueError as error:
        raise UsageError(f"the tests: {error}", hint="Nothing was written") from error
    return tuple(command for command in commands if command)


def _next(ground: Ground, written: tuple[Path, ...]) -> None:
    plan = shown_path(ground.folder / TASK_FILE)
    names = shlex.join(str(file.resolve().relative_to(ground.facts.top)) for file in written)
    fact()
    fact("Next:")
    fact(f"  1. put your own rows into {plan}, then type `{command_here('mission check')}`")
    fact(printable(f"  2. {command_here(f'git add {names}')}"))
    fact(printable(f"     {command_here(_COMMIT)}"))
    if ground.facts.remote:
        push = printable(command_here("git push"))
        fact(f"     {push}    (work starts from what the remote has)")
    dry, run = (printable(command_here(one)) for one in ("mission run --dry-run", "mission run"))
    fact(f"  3. {dry}    shows what would happen, and starts nothing")
    fact(f"  4. {run:{len(dry)}}    carries it out")
    if not ground.facts.has_commit:
        fact("This repository has no commit yet: 2 makes the first.")
