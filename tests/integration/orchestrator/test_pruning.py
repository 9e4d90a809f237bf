"""Branches and folders of rows that are over."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestrator.ports.display import RecordingDisplay
from tests.scratch import START, Scratch, make, row
from workspace.git import Git

pytestmark = pytest.mark.timeout(240)

# While B works, A has merged; what the test does to its branches happens before.
HOLDS = START + "write(f'{task}.txt', task)\n"


def branches(scratch: Scratch) -> tuple[list[str], list[str]]:
    """Here, and on the remote."""
    listed = ("for-each-ref", "--format=%(refname:short)", "refs/heads")
    return scratch.git.text(*listed).split(), Git(scratch.remote).text(*listed).split()


@pytest.mark.parametrize("keep", [False, True])
def test_merged_branches_go_here_and_there(tmp_path: Path, keep: bool) -> None:
    rows = [row("A"), row("B", after="A")]
    scratch = make(tmp_path, rows, config={"merge": {"keep_branches": keep}})
    assert scratch.run().exit_code == 0
    left = ["feat/a", "feat/b", "main"] if keep else ["main"]
    assert branches(scratch) == (left, left)
    assert scratch.git.text("worktree", "list").count("\n") == 0
    assert ("refs/remotes/origin/feat/a" in scratch.git.text("show-ref")) == keep


def test_a_branch_that_the_remote_keeps_is_named_once_and_tried_again(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")])
    remote = Git(scratch.remote)
    named = []
    for deny in ("true", "true", "false"):
        remote.run("config", "receive.denyDeletes", deny)
        display = RecordingDisplay()
        assert scratch.run(display=display).exit_code == 0
        named.append([line for line in display.said if "feat/a is merged and stays" in line])
        left = ["main"] if deny == "false" else ["feat/a", "main"]
        assert branches(scratch) == (["main"], left)
    assert [len(lines) for lines in named] == [1, 0, 0]
    # What somebody begins under that name is theirs.
    remote.run("branch", "feat/a", "main")
    scratch.run()
    assert branches(scratch) == (["main"], ["feat/a", "main"])


# The merge gate: somebody commits to the branch on the remote, and checks it out here.
COMES_BETWEEN = """
import subprocess, sys
remote, top, folder, asked = sys.argv[1:]
if asked == "merge":
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@x.invalid", "-C", folder]
    subprocess.run(["git", "clone", "-q", "-b", "feat/a", remote, folder], check=True)
    subprocess.run([*git, "commit", "-qm", "more", "--allow-empty"], check=True)
    subprocess.run([*git, "push", "-q", "origin", "feat/a"], check=True)
"""


def test_a_branch_that_somebody_added_to_stays(tmp_path: Path) -> None:
    command = ["python3", "-S", "-c", COMES_BETWEEN, str(tmp_path / "remote.git"), "-",
               str(tmp_path / "anns"), "{purpose}"]  # fmt: skip
    gate = {"type": "script", "run": command, "interval": "1s"}
    scratch = make(tmp_path, [row("A")], config={"gates": [gate]})
    display = RecordingDisplay()
    assert scratch.run(display=display).exit_code == 0
    assert branches(scratch) == (["main"], ["feat/a", "main"])
    assert [line for line in display.said if "feat/a on origin" in line]


ASKS = (
    START
    + """
write('a.txt', 'a')
print(json.dumps({"outcome": "needs-qa", "summary": "look"}))
"""
)


def test_rows_that_are_deleted_leave_nothing_without_a_word(tmp_path: Path) -> None:
    """The run says what is left, with commands that remove it; typed, they do."""
    scratch = make(tmp_path, [row("A"), row("B", status="done")], worker=ASKS)
    assert scratch.run().needs_qa == ("A",)
    lines = scratch.task_file.read_text().splitlines(keepends=True)
    scratch.task_file.write_text("".join(line for line in lines if not line.startswith("| A |")))
    display = RecordingDisplay()
    scratch.run(display=display)
    [said] = [line for line in display.said if line.startswith("A is in the plan no more")]
    typed = said.split("`")[1]
    subprocess.run(["sh", "-c", typed], cwd=scratch.top, check=True)
    assert branches(scratch) == (["main"], ["main"])
    assert scratch.git.text("worktree", "list").count("\n") == 0
    display = RecordingDisplay()
    scratch.run(display=display)
    assert not [line for line in display.said if "no more" in line]
