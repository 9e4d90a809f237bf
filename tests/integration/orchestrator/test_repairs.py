"""A branch that conflicts with the base goes back to its agent once, where that is configured."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.scratch import Scratch, make, row
from workspace.git import Git

# Writes the same file as all others. B starts after A and C have begun, so that it conflicts. When
# it is asked to repair, it {answer}.
WORKER = """
import os, pathlib, sys, time
task, marks = os.environ["MISSION_TASK"], pathlib.Path({marks!r})
brief, shared = sys.stdin.read(), pathlib.Path("shared.txt")
if "## Resolve a conflict" in brief:
    (marks / f"brief-{{task}}.md").write_text(brief)
    found = shared.read_text()
    (marks / f"found-{{task}}").write_text(found)
    {answer}
else:
    (marks / f"started-{{task}}").touch()
    while len(list(marks.glob("started-*"))) < 2:
        time.sleep(0.01)
    shared.write_text(f"work of {{task}}\\n")
    pathlib.Path(f"{{task}}.txt").write_text("own\\n")
"""
KEEPS_BOTH = """
    lines = [line for line in found.splitlines() if line.startswith("work of ")]
    shared.write_text("\\n".join(sorted(lines)) + "\\n")
"""


def conflicting(folder: Path, answer: str, **merge: object) -> Scratch:
    """Two rows that write the same file at the same time."""
    marks = folder / "marks"
    marks.mkdir()
    worker = WORKER.format(marks=str(marks), answer=answer.strip())
    config: dict[str, object] = {
        "merge": {"repair": True} | merge,
        "agents": {
            name: {
                "type": "command",
                "run": [sys.executable, "-S", str(folder / "worker.py")],
                "max_attempts": 1,
            }
            for name in ("worker", "other")
        },
    }
    return make(folder, [row("A"), row("B")], worker=worker, config=config)


def brief(folder: Path) -> str:
    (told,) = (folder / "marks").glob("brief-*.md")
    return told.read_text()


@pytest.mark.parametrize("strategy", ["serial", "batch"])
def test_the_agent_settles_the_conflict(tmp_path: Path, strategy: str) -> None:
    scratch = conflicting(tmp_path, KEEPS_BOTH, strategy=strategy)
    assert scratch.run().exit_code == 0
    assert sorted(scratch.merged()) == ["A", "B"]
    remote = Git(scratch.remote)
    assert remote.text("show", "main:shared.txt").split("\n") == ["work of A", "work of B"]
    later = scratch.merged()[-1]
    earlier = scratch.merged()[0]
    told = brief(tmp_path)
    assert f"feat/{later.lower()} conflicts with main in shared.txt (merged by {earlier})" in told
    assert "<<<<<<<" in (tmp_path / "marks" / f"found-{later}").read_text()
    with scratch.journal() as journal:
        outcomes = [one.outcome for one in journal.attempts(later)]
    assert outcomes == ["conflict", "success"]


def test_markers_that_stay_end_as_blocked(tmp_path: Path) -> None:
    scratch = conflicting(tmp_path, "pass")
    scratch.run()
    (merged,) = scratch.merged()
    (other,) = {"A", "B"} - {merged}
    assert scratch.statuses() == {merged: "done", other: "blocked"}
    assert "left a merge unfinished, with conflicts in shared.txt" in scratch.notes(other)

    # A person settles it in the worktree that the note names, and the agent is not asked again.
    (worktree,) = re.findall(r"in (\S+): set it right there", scratch.notes(other))
    (Path(worktree) / "shared.txt").write_text("A\nB\n")
    with scratch.journal() as journal:
        journal.submit_request("unblock", other, by="person")
    assert scratch.run().exit_code == 0
    assert scratch.merged() == [merged, other]
    with scratch.journal() as journal:
        assert [one.outcome for one in journal.attempts(other)] == ["conflict", "success"]


def test_an_agent_that_fails_to_repair_leaves_the_row_blocked_by_its_conflict(
    tmp_path: Path,
) -> None:
    scratch = conflicting(tmp_path, "sys.exit(1)")
    scratch.run()
    (merged,) = scratch.merged()
    (other,) = {"A", "B"} - {merged}
    assert scratch.statuses() == {merged: "done", other: "blocked"}
    assert f"conflicts with main in shared.txt (merged by {merged})" in scratch.notes(other)

    # A person lets it try once more: the merge is still under way in its worktree.
    worker = tmp_path / "worker.py"
    worker.write_text(worker.read_text().replace("sys.exit(1)", KEEPS_BOTH.strip()))
    with scratch.journal() as journal:
        journal.submit_request("unblock", other, by="person")
    assert scratch.run().exit_code == 0
    assert scratch.merged() == [merged, other]


def test_a_second_conflict_is_not_repaired(tmp_path: Path) -> None:
    # While it repairs, a person changes the same file on the base.
    pushes = f"""
    import subprocess  # past the setting that keeps an agent's pushes here
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    other = marks / "clone"
    subprocess.run(["git", "clone", "-q", {str(tmp_path / "remote.git")!r}, str(other)], check=True)
    (other / "shared.txt").write_text("a person's\\n")
    git = ["git", "-C", str(other), "-c", "user.name=P", "-c", "user.email=p@x.invalid"]
    subprocess.run([*git, "commit", "-qam", "theirs"], check=True)
    subprocess.run([*git, "push", "-q"], check=True)
    shared.write_text("settled\\n")
    """
    scratch = conflicting(tmp_path, pushes)
    scratch.run()
    (merged,) = scratch.merged()
    (other,) = {"A", "B"} - {merged}
    assert scratch.statuses()[other] == "blocked"
    assert "(merged by theirs)" in scratch.notes(other)


def test_without_repair_a_conflict_blocks_at_once(tmp_path: Path) -> None:
    scratch = conflicting(tmp_path, KEEPS_BOTH, repair=False)
    scratch.run()
    (merged,) = scratch.merged()
    (other,) = {"A", "B"} - {merged}
    assert scratch.statuses() == {merged: "done", other: "blocked"}
    with scratch.journal() as journal:
        assert len(journal.attempts(other)) == 1
