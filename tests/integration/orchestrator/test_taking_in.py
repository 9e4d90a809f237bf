"""The task file on this machine and the one on the remote come together, cell by cell."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mission.journal import End
from mission.place import Place
from mission.plan_copy import plan_file
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run import apply_requests
from tasks_md.parse import read
from tests.scratch import HEADER, Scratch, make, row
from workspace.git import Git
from workspace.process import Stop

# A gate: before one row merges, it pushes an edit of the task file, as a person would.
PUSHES = """
import pathlib, subprocess, sys
branch, remote, folder, old, new = sys.argv[2:]
clone = pathlib.Path(folder)
if sys.argv[1] == "merge:" + branch and not clone.exists():
    subprocess.run(["git", "clone", "-q", remote, folder], check=True)
    plan = clone / "plan" / "TASKS.md"
    text = plan.read_text(encoding="utf-8")
    plan.write_text(text.replace(old, new), encoding="utf-8")
    git = ["git", "-C", folder, "-c", "user.name=P", "-c", "user.email=p@x.invalid"]
    subprocess.run([*git, "commit", "-qam", "Edit the plan"], check=True)
    subprocess.run([*git, "push", "-q"], check=True)
"""


def pushing(folder: Path, branch: str, old: str, new: str) -> dict[str, object]:
    script = folder / "pushes.py"
    script.write_text(PUSHES)
    told = [branch, str(folder / "remote.git"), str(folder / "clone"), old, new]
    return {
        "type": "script",
        "run": [sys.executable, "-S", str(script), "{purpose}:{branch}", *told],
        "interval": "1s",
    }


def published(scratch: Scratch) -> str:
    return Git(scratch.remote).text("show", "main:plan/TASKS.md")


def test_a_file_with_words_of_its_own(tmp_path: Path) -> None:
    rows = [row("A"), row("B", after="A", notes="old")]
    gate = pushing(tmp_path, "feat/a", "| old |", "| theirs |")
    words = {"todo": "not-started", "doing": "in-progress", "finished": "done"}
    scratch = make(tmp_path, [], config={"statuses": words, "gates": [gate]})
    text = scratch.task_file.read_text() + "".join(rows).replace("not-started", "todo")
    scratch.task_file.write_text(text)
    scratch.git.run("commit", "--quiet", "--all", "-m", "Plan it")
    scratch.git.run("push", "--quiet")
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["A", "B"]
    assert "theirs" in published(scratch)
    assert published(scratch) == scratch.task_file.read_text().rstrip("\n")


@pytest.mark.parametrize("has_base", [True, False])
def test_a_checkout_on_another_branch(tmp_path: Path, has_base: bool) -> None:
    """It is left alone, while status is published again and again. A clone for CI has no branch of
    the base's name."""
    config: dict[str, object] = {
        "status": {"commit": "each"},
        "qa": [{"match": {"id": "^A$"}}],
        "gates": [pushing(tmp_path, "feat/c", "Do C.", "Do C well.")],
    }
    rows = [row("A"), row("B", after="A"), row("C", after="B")]
    scratch = make(tmp_path, rows, config=config)
    scratch.git.run("checkout", "--quiet", "-b", "elsewhere")
    if not has_base:
        scratch.git.run("branch", "--delete", "main")
    assert scratch.run().needs_qa == ("A",)
    with scratch.journal() as journal:
        journal.submit_request("approve", "A", by="person")
    apply_requests(str(scratch.task_file), RecordingDisplay(), Stop())
    plan = plan_file(Place.find(str(scratch.task_file)))
    assert [task.status for task in read(plan).tasks] == ["done", "not-started", "not-started"]
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["A", "B", "C"]
    assert {task.status for task in read(plan).tasks} == {"done"}
    assert "Do C well." in published(scratch)
    assert published(scratch).count("| done |") == 3


def test_a_checkout_on_a_branch_from_a_newer_base(tmp_path: Path) -> None:
    """Its local base branch was left behind: the file that it has is the newer one."""
    scratch = make(tmp_path, [row("A"), row("B")])
    old = scratch.git.text("rev-parse", "main")
    text = scratch.task_file.read_text()
    scratch.task_file.write_text(text + row("C"))
    scratch.git.run("commit", "--quiet", "--all", "-m", "One more")
    scratch.git.run("push", "--quiet")
    scratch.git.run("checkout", "--quiet", "-b", "elsewhere")
    scratch.git.run("update-ref", "refs/heads/main", old)
    assert scratch.run().exit_code == 0
    assert sorted(scratch.merged()) == ["A", "B", "C"]
    assert published(scratch).count("| done |") == 3


def test_a_merge_that_is_found_again_takes_nothing_back(tmp_path: Path) -> None:
    """Killed right after a merge; by the next run newer statuses were published."""
    scratch = make(tmp_path, [row("A"), row("B", after="A")])
    assert scratch.run().exit_code == 0
    scratch.rewrite("A", end=End.HELD_UP.value, reason="the forge did not answer")
    text = scratch.task_file.read_text()
    scratch.task_file.write_text(text.replace("| A | done |", "| A | not-started |"))
    assert scratch.run().exit_code == 0
    assert scratch.statuses() == {"A": "done", "B": "done"}
    assert scratch.merged() == ["A", "B"]


def test_rows_added_here_and_an_edit_elsewhere_come_together(tmp_path: Path) -> None:
    """As when a milestone was just planned here: not only cells differ."""
    gate = pushing(tmp_path, "feat/a", "Do B.", "Do B well.")
    rows = [row("A"), row("B", after="A"), "\n## Notes\n"]
    scratch = make(tmp_path, rows, config={"gates": [gate]})
    text = scratch.task_file.read_text()
    table = "".join(HEADER.splitlines(keepends=True)[-2:])
    more = f"## Milestone 2 — Second (M2)\n\n{table}{row('C', after='B')}\n## Notes"
    scratch.task_file.write_text(text.replace("## Notes", more))
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["A", "B", "C"]
    assert "Do B well." in published(scratch)
    assert published(scratch).count("| done |") == 3


def test_the_same_lines_changed_here_and_elsewhere_stop_the_run(tmp_path: Path) -> None:
    gate = pushing(tmp_path, "feat/a", "## Notes", "## Their notes")
    scratch = make(tmp_path, [row("A"), "\n## Notes\n"], config={"gates": [gate]})
    text = scratch.task_file.read_text()
    scratch.task_file.write_text(text.replace("## Notes", "## My notes"))
    end = scratch.run()
    assert "was edited here and on the remote" in end.stopped
    assert "## My notes" in scratch.task_file.read_text()
