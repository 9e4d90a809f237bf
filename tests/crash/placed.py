"""A run that kills itself at a place: the first that it comes to at which no run was killed yet.

A place is beside a write to the journal, a git command, or a change of the file system by us; or
within a git command, before one of its changes of the file system.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import zlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

from errors import MissionError
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from tests.crash.forked import CONTEXT, settle
from workspace.process import Stop

# "before" or "after", and its name: it has nothing in it that differs from one run to the next, so
# that the next knows the place again.
Place = tuple[str, str]

Dying = Literal["alone", "with-git", "with-all"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Where a run dies, and what with it."""

    # journal: its writes; git: the commands; files: our changes; inside: those of git.
    kinds: frozenset[str] = frozenset({"journal"})
    dying: Dying = "alone"  # alone; with the git commands under way; with everything it started
    every: int = 1  # of so many places one, by the digest of its name
    first: int = 0  # and by this: another one
    library: Path | None = field(default=None)  # kill_points.c, for `inside`

    def chooses(self, place: Place) -> bool:
        return zlib.crc32(repr(place).encode()) % self.every == self.first % self.every


JOURNAL = Plan()


def run_to_a_new_place(
    task_file: Path, errors: Path, known: Collection[Place], plan: Plan = JOURNAL
) -> Place | int:
    """Carry a mission on until a run comes to a place that is not `known`, and dies there.

    Its exit code, where it came to none. What it said is in `errors`.
    """
    ours, theirs = CONTEXT.Pipe(duplex=False)
    arguments = (task_file, errors, dict(os.environ), set(known), plan, theirs)
    process = CONTEXT.Process(target=_carry_on, args=arguments)
    process.start()
    theirs.close()
    with ours:
        try:
            place: Place = ours.recv()
        except EOFError:
            process.join()
            assert process.exitcode is not None
            return process.exitcode
    process.join()
    assert process.exitcode == -signal.SIGKILL
    return place


class Kills:
    """Passes places, and dies at the first that is new."""

    def __init__(self, known: set[Place], plan: Plan, told: Connection) -> None:
        self.plan = plan
        self._known = known
        self._told = told
        self._dying = threading.Lock()

    def pass_by(self, place: Place) -> None:
        with (
            self._dying
        ):  # kept until the end of the process by the first of its threads to get here
            if place in self._known or not self.plan.chooses(place):
                return
            self._told.send(place)
            if self.plan.dying != "alone":
                _kill_below(os.getpid(), git_alone=self.plan.dying == "with-git")
            os.kill(os.getpid(), signal.SIGKILL)
            threading.Event().wait()


def _kill_below(parent: int, *, git_alone: bool) -> None:
    """Kill what a process started, and what that started, in one instant as far as can be."""
    doomed: list[int] = []
    while fresh := [pid for pid in _below(parent, git_alone=git_alone) if pid not in doomed]:
        for pid in fresh:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        doomed += fresh
    for pid in doomed:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _below(parent: int, *, git_alone: bool) -> list[int]:
    children: dict[int, list[tuple[int, str]]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                name, _, rest = (entry / "stat").read_text().rpartition(")")
                above = int(rest.split()[1])
                children.setdefault(above, []).append((int(entry.name), name.partition("(")[2]))
    found = [pid for pid, name in children.get(parent, ()) if not git_alone or "git" in name]
    for pid in found:
        found.extend(child for child, _ in children.get(pid, ()))
    return found


class _Telling(RecordingDisplay):
    def say(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")


def _carry_on(
    task_file: Path,
    errors: Path,
    environment: Mapping[str, str],
    known: set[Place],
    plan: Plan,
    told: Connection,
) -> None:
    # Not in the fork server, whose forks have all that this one does.
    from tests.crash import watched  # noqa: PLC0415

    settle(errors, environment)
    watched.watch(Kills(known, plan, told), top=task_file.parents[2])
    try:
        with ThreadEngine(3) as engine:
            request = RunRequest(path=str(task_file), max_parallel=3)
            end = run_mission(request, engine, _Telling(), Stop())
        if end.stopped:
            sys.stderr.write(f"stopped: {end.stopped}\n")
        code = end.exit_code
    except MissionError as error:
        sys.stderr.write(f"mission: {error}\n")
        code = error.exit_code
    raise SystemExit(code)
