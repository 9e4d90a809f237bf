"""Statuses follow the base: a checkout of anything else is left alone, whenever it is switched."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mission.place import Place
from mission.plan_copy import copy_of, plan_file
from orchestrator.ports.display import RecordingDisplay
from tasks_md.parse import read
from tests.combinations import pairwise
from tests.command import run
from tests.scratch import Scratch, make, row
from workspace.git import Git

pytestmark = pytest.mark.timeout(240)

# B's agent is also who works in the checkout, while A waits to be seen by a person.
WORKER = """
import os, pathlib, subprocess
task, folder = os.environ["MISSION_TASK"], pathlib.Path({folder!r})
with open(folder / "ledger", "a") as ledger:
    ledger.write(task + "\\n")
acts = folder / f"acts-{{task}}"
if acts.exists():
    subprocess.run(acts.read_text(), shell=True, check=True, cwd=folder / "checkout")
pathlib.Path(task + ".txt").write_text(task)
"""
ROWS = (row("A"), row("B", after="A"), row("C", after="B"), row("R", after="C", branch="—"))
PLAN = "plan/TASKS.md"


def begun(folder: Path, *more: str, commit: str = "end", remote: bool = True) -> Scratch:
    agent = {
        "max_attempts": 1,
        "type": "command",
        "run": [sys.executable, "-S", str(folder / "worker.py")],
    }
    config = {"status": {"commit": commit}, "agents": {"worker": agent}}
    scratch = make(folder, [*ROWS, *more], worker=WORKER.format(folder=str(folder)), config=config)
    if not remote:
        scratch.git.run("remote", "remove", "origin")
    return scratch


def typed(scratch: Scratch, command: str) -> None:
    done = subprocess.run(
        ["sh", "-c", command], cwd=scratch.top, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def statuses(scratch: Scratch) -> dict[str, str]:
    place = Place.find(str(scratch.task_file))
    return {task.id: task.status for task in read(plan_file(place)).tasks}


def on_base(scratch: Scratch) -> str:
    alone = not scratch.git.text("remote")
    return (scratch.git if alone else Git(scratch.remote)).run("show", f"main:{PLAN}").stdout


def is_clean(scratch: Scratch) -> bool:
    told = scratch.git.text("status", "--porcelain")
    assert told == "", scratch.git.text("diff", "HEAD")
    return True


DONE = {"A": "done", "B": "done", "C": "done", "R": "done"}
# Branches on which the plan is the base's, another one, or not there at all.
AWAY = {
    "same-plan": "git switch -qc other",
    "other-plan": f"git switch -qc other && sed -i s/Do/Make/ {PLAN} && git commit -qam mine",
    "no-plan": f"git switch -qc other && git rm -q --cached {PLAN} && git commit -qm mine",
    "detached": "git switch -q --detach",
}


@pytest.mark.parametrize("remote", [True, False], ids=["remote", "no-remote"])
@pytest.mark.parametrize("away", [name for name in AWAY if name != "no-plan"])
def test_a_checkout_of_another_branch_is_left_alone(
    tmp_path: Path, away: str, remote: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch = begun(tmp_path, row("S", status="blocked"), remote=remote)
    typed(scratch, AWAY[away])
    before = scratch.task_file.read_text()
    display = RecordingDisplay()
    assert scratch.run(display=display).exit_code == 1
    assert is_clean(scratch)
    assert scratch.task_file.read_text() == before
    assert statuses(scratch) == DONE | {"S": "blocked"}
    assert "| R | done |" in on_base(scratch)
    assert any("plan and statuses are those of main" in told for told in display.said)
    told = json.loads(run(capsys, "status", str(scratch.task_file), "--json"))
    assert told["other_branch"]["base"] == "main"
    assert told["milestones"][0]["counts"]["done"] == 4
    page = " ".join(run(capsys, "status", str(scratch.task_file)).split())
    assert "is checked out here: plan and statuses are those of main" in page
    run(capsys, "unblock", str(scratch.task_file), "S")
    assert statuses(scratch) == DONE | {"S": "not-started"}
    assert is_clean(scratch)
    typed(scratch, "git switch -q main")
    assert statuses(scratch) == DONE | {"S": "not-started"}
    assert scratch.run().exit_code == 0
    assert statuses(scratch) == scratch.statuses() == DONE | {"S": "done"}
    assert is_clean(scratch)
    assert (tmp_path / "ledger").read_text().split() == ["A", "B", "C", "R", "S"]
    # Nobody has run since: another branch still shows how the mission stands.
    typed(scratch, "git switch -q --detach HEAD~1")
    assert statuses(scratch) == DONE | {"S": "done"}


@pytest.mark.parametrize(
    ("away", "commit", "remote"),
    pairwise(["same-plan", "detached", "other-plan"], ["each", "end", "never"], [True, False]),
)
def test_a_branch_is_switched_in_the_middle_of_a_run(
    tmp_path: Path, away: str, commit: str, remote: bool
) -> None:
    scratch = begun(tmp_path, commit=commit, remote=remote)
    if away == "other-plan":  # git keeps who has changed the plan from switching to another one
        typed(scratch, f"{AWAY[away]} && git switch -q main")
        (tmp_path / "acts-B").write_text("git stash -q; git switch -q other")
    else:
        (tmp_path / "acts-B").write_text(AWAY[away])
    assert scratch.run().exit_code == 0
    assert statuses(scratch) == DONE
    assert is_clean(scratch)
    typed(scratch, "git switch -q main")
    assert statuses(scratch) == DONE
    assert scratch.run().exit_code == 0
    assert scratch.statuses() == DONE
    assert (tmp_path / "ledger").read_text().split() == ["A", "B", "C", "R"]
    if commit != "never":
        assert scratch.task_file.read_text() == on_base(scratch)


@pytest.mark.parametrize("commit", ["each", "end", "never"])
def test_the_base_is_checked_out_again_in_the_middle_of_a_run(tmp_path: Path, commit: str) -> None:
    scratch = begun(tmp_path, commit=commit)
    (tmp_path / "acts-A").write_text("git switch -qc other")
    # A status commit may hold the index just then: people type it again.
    (tmp_path / "acts-C").write_text("until git switch -q main; do :; done")
    assert scratch.run().exit_code == 0
    assert scratch.statuses() == DONE
    assert plan_file(Place.find(str(scratch.task_file))) == scratch.task_file
    assert (tmp_path / "ledger").read_text().split() == ["A", "B", "C", "R"]
    if commit != "never":
        assert is_clean(scratch)


@pytest.mark.parametrize("remote", [True, False], ids=["remote", "no-remote"])
def test_a_stash_in_the_middle_of_a_run_is_no_edit(tmp_path: Path, remote: bool) -> None:
    scratch = begun(tmp_path, remote=remote)
    (tmp_path / "acts-B").write_text("git stash -q")
    display = RecordingDisplay()
    assert scratch.run(display=display).exit_code == 0
    assert scratch.statuses() == DONE
    assert any("was put back to what is committed" in told for told in display.said)
    assert (tmp_path / "ledger").read_text().split() == ["A", "B", "C", "R"]


def test_edits_of_a_person_on_the_base_reach_a_run_elsewhere(tmp_path: Path) -> None:
    """Before anything ran, between two runs, and as the branch is left."""
    scratch = begun(tmp_path)
    assert scratch.run().exit_code == 0
    scratch.edit("Do A.", "Do it all.")
    with scratch.task_file.open("a") as file:
        file.write(row("D", after="R"))
    typed(scratch, "git commit -qam more && git push -q origin main && git switch -qc other")
    assert scratch.run().exit_code == 0
    assert statuses(scratch) == DONE | {"D": "done"}
    assert "Do it all." in on_base(scratch)
    assert "| D | done |" in on_base(scratch)
    assert is_clean(scratch)


def test_edits_that_a_person_carries_to_another_branch_stay_theirs(tmp_path: Path) -> None:
    scratch = begun(tmp_path)
    edit = f"sed -i 's/Do C/Do all of C/' {PLAN}; git switch -qc other"
    (tmp_path / "acts-B").write_text(edit)
    assert scratch.run().exit_code == 0
    assert statuses(scratch) == DONE
    assert (
        "Do all of C"
        in scratch.task_file.read_text() + copy_of(Place.find(str(scratch.task_file))).read_text()
    )


def test_a_plan_that_the_base_has_not_is_written_where_it_is(tmp_path: Path) -> None:
    scratch = begun(tmp_path, remote=False)
    typed(scratch, f"{AWAY['no-plan']} && git branch -qf main other && git add {PLAN}")
    typed(scratch, "git commit -qm plan")
    assert scratch.run().exit_code == 0
    assert scratch.statuses() == DONE


def test_a_worktree_of_a_bare_repository_that_has_another_branch(tmp_path: Path) -> None:
    scratch = begun(tmp_path)
    there = tmp_path / "there"
    Git(scratch.remote).run("worktree", "add", "--quiet", "-b", "other", str(there / "checkout"))
    other = replace(scratch, top=there / "checkout")
    assert other.run().exit_code == 0
    assert is_clean(other)
    assert statuses(other) == DONE
    assert "| R | done |" in on_base(scratch)


def test_statuses_that_git_carried_away_and_back_are_no_edit(tmp_path: Path) -> None:
    """A run that was killed before it could take them out of the other branch's checkout."""
    scratch = begun(tmp_path)
    keep = f"git switch -qc other && cp {PLAN} ../carried"
    (tmp_path / "acts-B").write_text(keep)
    (tmp_path / "acts-C").write_text(f"cp ../carried {PLAN}.new && mv {PLAN}.new {PLAN}")
    assert scratch.run().exit_code == 0
    assert "| B | in-progress |" in scratch.task_file.read_text()
    (scratch.top / "plan" / "reports").mkdir(exist_ok=True)
    carried = scratch.task_file.read_text().replace("Do R.", "Do all of R.")
    typed(scratch, f"git checkout -q {PLAN} && git switch -q main")
    scratch.task_file.write_text(carried)
    assert scratch.run().exit_code == 0
    assert scratch.statuses() == DONE
    assert "Do all of R." in scratch.task_file.read_text()
