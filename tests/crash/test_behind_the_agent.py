"""A journalled end is never run again: each git call behind an agent's end fails once, for good.

A fresh mission of one row for each call, and then what a person does: run again, and `unblock`
where the row is blocked. A sample of the calls here; `make soak` has every one.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from errors import MissionError
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from orchestrator.run_end import RunEnd
from orchestrator.workers.errand import Delivery
from orchestrator.workers.remote import NoWorkers, OnPhase, RemoteAgents, ThreadWorkers
from tests.scratch import Scratch, make, row
from workspace.conversation import EndedError
from workspace.git import Git
from workspace.git_command import GitCommand, GitOutput
from workspace.process import Stop
from workspace.refs import Refs
from workspace.store import Store

SOAK = [pytest.mark.soak, pytest.mark.timeout(3 * 3600)]
TURNS = 4  # runs in which one that failed once has to come to its end
WORKER = """
import os, pathlib
with open({asked!r}, "a") as file:
    file.write("worker\\n")
pathlib.Path("A.txt").write_text("work of A\\n")
print("done, and read")
pathlib.Path({ended!r}).touch()
"""
REVIEWER = """
import json, pathlib, sys
sys.stdin.read()
with open({asked!r}, "a") as file:
    file.write("critic\\n")
review = {{"verdict": "approve", "summary": "fine", "findings": []}}
print(json.dumps({{"outcome": "success", "summary": json.dumps(review)}}))
pathlib.Path({ended!r}).touch()
"""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A mission of one row."""

    row: str = row("A")
    remote: bool = True
    elsewhere: bool = False  # its agent works on a worker
    reviewed: bool = False  # calls behind the reviewer's end fail, and none behind the author's
    config: dict[str, object] = field(default_factory=dict)

    @property
    def merges(self) -> bool:
        return "feat/a" in self.row

    def make(self, folder: Path) -> Scratch:
        folder.mkdir()
        config = dict(self.config)
        names = {"asked": str(folder / "asked"), "ended": str(folder / "ended")}
        unseen = names | {"ended": str(folder / "worked")}
        worker = WORKER.format(**(unseen if self.reviewed or self.elsewhere else names))
        agent: dict[str, object] = {
            "type": "command",
            "run": [sys.executable, "-S", str(folder / "worker.py")],
            "model": "one",
        }
        if self.elsewhere:
            agent |= {"where": "worker", "sandbox": {"type": "none"}}
        config["agents"] = {"worker": agent}
        if self.reviewed:
            (folder / "critic.py").write_text(REVIEWER.format(**names))
            critic = [sys.executable, "-S", str(folder / "critic.py")]
            config["agents"] = {
                "worker": agent,
                "critic": {"type": "command", "run": critic, "model": "two"},
            }
            config["review"] = [{"match": {"id": "^A$"}, "by": ["critic"]}]
        scratch = make(folder, [self.row], worker=worker, config=config)
        if not self.remote:
            scratch.git.run("remote", "remove", "origin")
        return scratch


KINDS = {
    "remote": Kind(),
    "no-remote": Kind(remote=False),
    "worker": Kind(elsewhere=True),
    "read": Kind(row=row("A", branch="—")),
    "review": Kind(reviewed=True),
    "batch": Kind(config={"merge": {"strategy": "batch"}}),
}
#: The places of the calls that fail in a sample, of some dozens.
SAMPLES = {"remote": (1, 9), "no-remote": (4,), "worker": (2, 4), "read": (2,), "review": (3,)}


class Failing:
    """Fails the call number `which` behind the end of the agent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.which = 0
        self.passed = 0
        self.ended = Path()
        self.name = ""  # of the call that failed
        once, move, ask = GitCommand._once, Refs.move, Store._ask

        def run(git: GitCommand, args: tuple[str, ...], *rest: Any, **more: Any) -> GitOutput:
            if self._fails(f"git {' '.join(args)}"):
                return GitOutput(stdout="", stderr="fatal: made to fail", code=128)
            return once(git, args, *rest, **more)

        def moved(refs: Refs, *commands: str) -> str:
            if self._fails(f"refs {' '.join(commands)}"):
                return "fatal: made to fail"
            return move(refs, *commands)

        def asked(store: Store, command: str, revisions: Sequence[str]) -> list[Any]:
            if self._fails(f"store {command} {' '.join(revisions)}"):
                raise EndedError("git cat-file has ended")
            return ask(store, command, revisions)

        monkeypatch.setattr(GitCommand, "_once", run)
        monkeypatch.setattr(Refs, "move", moved)
        monkeypatch.setattr(Store, "_ask", asked)

    def aim(self, which: int, ended: Path) -> None:
        self.which, self.ended, self.passed, self.name = which, ended, 0, ""

    def _fails(self, name: str) -> bool:
        if self.name or not self.ended.exists():
            return False
        self.passed += 1
        if self.passed != self.which:
            return False
        self.name = name
        return True


class _Telling(ThreadWorkers):
    """Tells, by a file, that a worker has delivered."""

    def __init__(self, home: Path, delivered: Path) -> None:
        super().__init__(home)
        self._delivered = delivered

    def wait(self, run: str, stop: Stop, on_phase: OnPhase) -> Delivery:
        delivery = super().wait(run, stop, on_phase)
        self._delivered.touch()
        return delivery


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    return Failing(monkeypatch)


@pytest.fixture
def played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: Failing
) -> Callable[[str, int], str | None]:
    """One mission in which that call fails; what is wrong with its end, empty if nothing is; None
    where there are not so many calls."""

    def play(name: str, which: int) -> str | None:
        kind, folder = KINDS[name], tmp_path / f"{name}-{which}"
        monkeypatch.setenv("MISSION_HOME", str(folder / "home"))
        scratch = kind.make(folder)
        failing.aim(which, folder / "ended")
        workers: RemoteAgents = NoWorkers()
        if kind.elsewhere:
            workers = _Telling(folder / "elsewhere", folder / "ended")
        told = _to_its_end(scratch, workers)
        if not failing.name:
            return None
        wrong = _wrong(kind, scratch, folder)
        return f"{name} {which} ({failing.name}): {wrong}; {told}" if wrong else ""

    return play


def _to_its_end(scratch: Scratch, workers: RemoteAgents) -> list[str]:
    """What a person was told on the way."""
    told: list[str] = []
    for _ in range(TURNS):
        display = RecordingDisplay()
        try:
            end = _run(scratch, display, workers)
        except MissionError as error:
            told.append(str(error))
            continue
        told += [*display.said, end.stopped]
        if scratch.statuses()["A"] == "blocked":
            told.append(f"note: {scratch.notes('A')}")
            with scratch.journal() as journal:
                journal.submit_request("unblock", "A", by="person")
        elif end.exit_code == 0:
            break
    return told


def _run(scratch: Scratch, display: RecordingDisplay, workers: RemoteAgents) -> RunEnd:
    with ThreadEngine(2) as engine:
        request = RunRequest(path=str(scratch.task_file))
        return run_mission(request, engine, display, Stop(), remote=workers)


def _wrong(kind: Kind, scratch: Scratch, folder: Path) -> str:
    """What is not as it should be in the end; empty: nothing."""
    base = Git(scratch.remote) if kind.remote else scratch.git
    report = scratch.task_file.parent / "reports" / "A.md"
    with scratch.journal() as journal:
        attempts = [one.step.value for one in journal.attempts("A")]
    with pytest.raises(SystemExit) as verified:
        main(["verify", str(scratch.task_file)])
    found = {
        "asked": (folder / "asked").read_text().split(),
        "statuses": scratch.statuses(),
        "merged": base.text("log", "--format=%(trailers:key=Task,valueonly)", "main").split(),
        "attempts": attempts,
        "told": kind.merges or "done, and read" in report.read_text(),
        "verify": verified.value.code,
    }
    wanted = {
        "asked": ["worker", "critic"] if kind.reviewed else ["worker"],
        "statuses": {"A": "done"},
        "merged": ["A"] if kind.merges else [],
        "attempts": ["ended"],
        "told": True,
        "verify": 0,
    }
    return str({name: value for name, value in found.items() if value != wanted[name]} or "")


@pytest.mark.parametrize(
    ("name", "which"), [(name, which) for name, places in SAMPLES.items() for which in places]
)
def test_one_call_fails_and_the_agent_is_not_asked_again(
    name: str, which: int, played: Callable[[str, int], str | None]
) -> None:
    assert played(name, which) == ""


@pytest.mark.parametrize("name", [pytest.param(name, marks=SOAK) for name in KINDS])
def test_every_call_fails_and_the_agent_is_not_asked_again(
    name: str, played: Callable[[str, int], str | None]
) -> None:
    found, which = [], 1
    while (wrong := played(name, which)) is not None:
        found += [wrong] if wrong else []
        which += 1
    counts = {"mission": name, "calls": which - 1, "wrong": len(found)}
    logging.getLogger(__name__).info("calls: %s", json.dumps(counts))
    assert which > 2
    assert found == []
