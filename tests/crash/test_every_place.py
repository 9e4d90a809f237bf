"""Promise 2: killed at every git command, within it, and at every change of the file system.

A run dies at the first place at which none has died yet, alone, with the git commands under way, or
with all that it started; the next goes on from there. Where one cannot, what it printed is typed.
Each test dies at a sample of the places; `make soak` at every one, and tells how many there were.
"""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.conftest import requires
from tests.crash.converging import check_nothing_is_left, errors, facts, finish
from tests.crash.placed import Dying, Place, Plan, run_to_a_new_place
from tests.scratch import Scratch, make, row

pytestmark = [pytest.mark.crash, pytest.mark.slow, requires("cc", system="linux")]

SOAK = [pytest.mark.soak, pytest.mark.timeout(6 * 3600)]
SOURCE = Path(__file__).with_name("kill_points.c")
SAMPLE = 90  # of so many places one is died at where it is not a soak
TOO_MANY = 2000  # places, of about 600; names that differ from run to run would never end
# One row of each kind: with a branch, read and reported on, summed up.
ROWS = (
    row("A"),
    row("R", after="A", branch="—"),
    row("Z", after="R", agent="—", branch="(aggregate)"),
)
REVIEWER = """
import json, sys
sys.stdin.read()
review = {"verdict": "approve", "summary": "fine", "findings": []}
print(json.dumps({"outcome": "success", "summary": json.dumps(review)}))
"""
_TYPED = re.compile(r"`(rm [^`]+)`")
_STAYS = re.compile(r"(\S+) is merged and stays: ")


@dataclass(frozen=True, kw_only=True)
class Mission:
    """A mission to be killed."""

    config: dict[str, object] = field(default_factory=dict)
    rows: Sequence[str] = ROWS
    reviewed: bool = False
    remote: bool = True

    def make(self, folder: Path) -> Scratch:
        folder.mkdir()
        config = dict(self.config)
        if self.reviewed:
            script = folder / "reviewer.py"
            script.write_text(REVIEWER)
            worker = {"type": "command", "run": [sys.executable, "-S", str(folder / "worker.py")]}
            critic = {"type": "command", "run": [sys.executable, "-S", str(script)], "model": "two"}
            config["agents"] = {"worker": worker | {"model": "one"}, "critic": critic}
            config["review"] = [{"match": {"id": "^A$"}, "by": ["critic"]}]
        scratch = make(folder, self.rows, config=config)
        if not self.remote:
            scratch.git.run("remote", "remove", "origin")
        return scratch


MISSIONS = {
    "serial": Mission(),
    "review": Mission(reviewed=True),
    "batch": Mission(
        rows=(row("A"), row("B"), row("C", after="A")), config={"merge": {"strategy": "batch"}}
    ),
    "each": Mission(config={"status": {"commit": "each"}}),
    "no-remote": Mission(remote=False),
}
DYING: tuple[Dying, ...] = ("alone", "with-git", "with-all")


KINDS = frozenset({"git", "files", "inside"})
SAMPLES: tuple[tuple[str, Dying], ...] = (
    ("review", "with-all"),
    ("each", "alone"),
    ("batch", "with-git"),
    ("no-remote", "with-all"),
)


def _cases() -> list[object]:
    samples = [
        pytest.param(
            name,
            Plan(kinds=KINDS, dying=dying, every=SAMPLE, first=number),
            id=f"{name}-{dying}",
        )
        for number, (name, dying) in enumerate(SAMPLES)
    ]
    every = [
        pytest.param(name, Plan(kinds=KINDS, dying=dying), id=f"{name}-{dying}-all", marks=SOAK)
        for name in MISSIONS
        for dying in DYING
    ]
    return [*samples, *every]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`kill_points.c`, to be preloaded."""
    made = tmp_path_factory.mktemp("kill-points") / "kill_points.so"
    compiler = ["cc", "-shared", "-fPIC", "-O1", "-o", str(made), str(SOURCE), "-ldl"]
    subprocess.run(compiler, check=True)
    return made


@pytest.mark.parametrize(("name", "plan"), _cases())
def test_killed_at_its_places_it_converges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: Path, name: str, plan: Plan
) -> None:
    mission, plan = MISSIONS[name], replace(plan, library=library)
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "undisturbed" / "home"))
    undisturbed = mission.make(tmp_path / "undisturbed")
    assert finish(undisturbed) == 0
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "killed" / "home"))
    scratch = mission.make(tmp_path / "killed")
    known: list[Place] = []
    typed: list[str] = []
    read = 0
    while True:
        end = run_to_a_new_place(scratch.task_file, errors(scratch), known, plan)
        said, read = errors(scratch).read_text()[read:], errors(scratch).stat().st_size
        if not isinstance(end, int):
            known.append(end)
            assert len(known) < TOO_MANY, known[-5:]
            continue
        if end == 0:
            break
        told = f"killed {plan.dying} {known[-1:]}: {scratch.statuses()}: {said}"
        commands = set(_TYPED.findall(said))
        assert commands, told
        for command in commands:
            subprocess.run(["/bin/sh", "-c", command], check=True)  # as a person types it
        typed += commands
    kinds = Counter(_kind(place) for place in known)
    counts = {"mission": name, "dying": plan.dying, **kinds, "typed": len(typed)}
    logging.getLogger(__name__).info("places: %s", json.dumps(counts))
    assert known
    told = f"killed {plan.dying} at {len(known)} places, last {known[-1]}"
    found = facts(scratch)
    # The remote's git died too, with locks of its own: what it refused then was said, and stays.
    kept = {f"refs/heads/{one}" for one in _STAYS.findall(errors(scratch).read_text())}
    branches = str(found["branches"]).split("\n")
    found["branches"] = "\n".join(one for one in branches if one not in kept)
    assert found == facts(undisturbed), told
    check_nothing_is_left(scratch, told)


def _kind(place: Place) -> str:
    when, name = place
    if when == "inside":
        return "inside git"
    return "git commands" if name.startswith(("git ", "refs ")) else "files"
