"""Promise 3: a machine is lost at any instant, with all that was on it; a fresh clone goes on.

A run dies with all that it started at the first place at which none has died yet, and its clone,
home and all, is gone; a fresh clone of the remote goes on from there, and dies at the next. In the
end each row is merged once, and nothing that the remote had was paid again. Each test dies at a
sample of the places; `make soak` at every one.
"""

from __future__ import annotations

import json
import logging
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mission.place import Place as MissionPlace
from mission.record.files import from_files
from mission.record.values import AttemptKey, CarriedAttempt, Record
from service.reporting import read_report
from tests.conftest import requires
from tests.crash.lines import served
from tests.crash.machines import Machine
from tests.crash.placed import Place, Plan, run_to_a_new_place
from tests.scratch import make, row
from workspace.git import Git

pytestmark = [pytest.mark.crash, pytest.mark.slow, requires("git", system="linux")]

SOAK = [pytest.mark.soak, pytest.mark.timeout(6 * 3600)]
TOO_MANY = 2000  # places; names that differ from run to run would never end
KINDS = frozenset({"journal", "git", "files"})
# Read and reviewed, side by side, reported on, summed up.
ROWS = (
    row("A"),
    row("B", after="A"),
    row("C", after="A"),
    row("R", after="A", branch="—"),
    row("Z", after="B, C, R", agent="—", branch="(aggregate)"),
)
BRANCHES = frozenset("ABC")
# What it used is told with its end, as tools do.
AGENT = """
import json, os, pathlib, sys
sys.stdin.read()
reviews, task = {reviews!r}, os.environ["MISSION_TASK"]
with pathlib.Path({ledger!r}).open("a") as ledger:
    ledger.write(f"{{'review' if reviews else 'work'}} {{task}}\\n")
said = {{"outcome": "success", "summary": "fine", "input_tokens": 5, "output_tokens": 2}}
if reviews:
    said["summary"] = json.dumps({{"verdict": "approve", "summary": "fine", "findings": []}})
elif task != "R":
    pathlib.Path(f"{{task}}.txt").write_text(f"work of {{task}}\\n")
print(json.dumps(said))
"""
REVIEW = "review"  # the journal's word for a review that was made


@dataclass(kw_only=True)
class Heard:
    """What the remote knew when machines were lost: of that, nothing may be paid again."""

    ledger: Path
    attempts: dict[AttemptKey, CarriedAttempt] = field(default_factory=dict)
    finished: dict[str, int] = field(default_factory=dict)  # "work TASK": how often by then

    def listen(self, remote: Git) -> None:
        """Take in what it knows now."""
        paid = self.paid()
        record = on_remote(remote)
        for one in record.attempts:
            self.attempts[one.key] = one
            if has_work(one, remote):
                self.finished.setdefault(f"work {one.task}", paid[f"work {one.task}"])
        for event in record.events:
            if event.kind == REVIEW:
                self.finished.setdefault(f"review {event.task}", paid[f"review {event.task}"])
        for task in BRANCHES:
            if remote.commit(f"refs/heads/feat/{task.lower()}"):
                self.finished.setdefault(f"work {task}", paid[f"work {task}"])

    def paid(self) -> Counter[str]:
        return Counter(self.ledger.read_text().splitlines())


def has_work(attempt: CarriedAttempt, remote: Git) -> bool:
    """Whether all that an attempt's agent finished is on the remote."""
    if attempt.branch is None:
        return attempt.said == "success"  # its answer is its work
    return attempt.head is not None and remote.commit(attempt.head) is not None


def on_remote(remote: Git) -> Record:
    """What runs have told of themselves there."""
    refs = remote.text("for-each-ref", "--format=%(refname)", "refs/mission-runner/").split()
    if not refs:
        return Record(clone="")
    [ref] = refs
    paths = remote.text("ls-tree", "-r", "--name-only", ref, "record/").split()
    files = {path: remote.run("show", f"{ref}:{path}").stdout.encode() for path in paths}
    return from_files(files) or Record(clone="")


@contextmanager
def lost(folder: Path, config: Mapping[str, object]) -> Iterator[tuple[Machine, Heard]]:
    """A machine to be lost, and what is heard of it."""
    folder.mkdir()
    ledger = folder / "ledger"
    ledger.touch()
    agents = {}
    for name in ("worker", "critic"):
        script = folder / f"{name}.py"
        script.write_text(AGENT.format(reviews=name == "critic", ledger=str(ledger)))
        run = [sys.executable, "-S", str(script)]
        agents[name] = {"type": "command", "run": run, "model": name}
    review = [{"match": {"id": "^A$"}, "by": ["critic"]}]
    settings: dict[str, object] = {"agents": agents, "review": review, **config}
    made = folder / "made"
    made.mkdir()
    origin = make(made, ROWS, config=settings)
    with served(made) as port:
        machine = Machine(folder / "machine", origin.remote, port)
        try:
            yield machine, Heard(ledger=ledger)
        finally:
            machine.kill(machine=True)
            machine.line.end()


def check(machine: Machine, heard: Heard, told: str) -> None:
    """That the mission is at its end as if no machine had been lost."""
    scratch, remote = machine.scratch, Git(machine.scratch.remote)
    said = f"{told}: {machine.errors.read_text()[-3000:]}"
    assert set(scratch.statuses().values()) == {"done"}, f"{said}: {scratch.statuses()}"
    merged = Counter(scratch.merged())
    assert merged == Counter(BRANCHES), f"{told}: {merged}"
    again = {
        what: (heard.paid()[what], before)
        for what, before in heard.finished.items()
        if heard.paid()[what] != before
    }
    assert not again, f"{said}: the remote had it, and it was paid again: {again}"
    assert machine.verify() == 0, machine.errors.read_text()[-3000:]
    assert remote.text("for-each-ref", "--format=%(refname)", "refs/heads/") == "refs/heads/main"
    assert len(scratch.git.text("worktree", "list").splitlines()) == 1, told
    with scratch.journal() as journal:
        assert journal.open_attempts() == [], told
        used = {(one.task, one.started.isoformat()): one.usage for one in journal.attempts()}
        spent = journal.spent()
    for key, one in heard.attempts.items():
        if not one.usage.nothing:
            assert used[key].tokens >= one.usage.tokens, f"{told}: {key}"
    total = read_report(MissionPlace.find(str(scratch.task_file))).total.spent
    assert total.tokens == spent.tokens == sum(one.tokens for one in used.values()), told


@pytest.mark.parametrize(
    ("config", "plan"),
    [
        pytest.param({}, Plan(kinds=KINDS, dying="with-all", every=300), id="serial"),
        pytest.param(
            {"merge": {"strategy": "batch"}},
            Plan(kinds=KINDS, dying="with-all", every=300, first=1),
            id="batch",
        ),
        pytest.param({}, Plan(kinds=KINDS, dying="with-all"), id="serial-all", marks=SOAK),
        pytest.param(
            {"merge": {"strategy": "batch"}},
            Plan(kinds=KINDS, dying="with-all"),
            id="batch-all",
            marks=SOAK,
        ),
    ],
)
def test_a_machine_is_lost_and_a_fresh_clone_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: dict[str, object], plan: Plan
) -> None:
    known: list[Place] = []
    with lost(tmp_path / "mission", config) as (machine, heard):
        monkeypatch.setenv("MISSION_HOME", str(machine.folder / "home"))
        while True:
            task_file = machine.scratch.task_file
            end = run_to_a_new_place(task_file, machine.errors, known, plan)
            if isinstance(end, int):
                break
            known.append(end)
            assert len(known) < TOO_MANY, known[-5:]
            heard.listen(Git(machine.scratch.remote))
            machine.renew()
        told = f"lost {len(known)} machines, the last {known[-1:]}"
        assert end == 0, f"{told}: {end}: {machine.errors.read_text()[-3000:]}"
        check(machine, heard, told)
    counts = {"lost": len(known), "paid": heard.paid(), "heard": heard.finished}
    logging.getLogger(__name__).info("machines: %s", json.dumps(counts))
    assert known
