"""Agents that deceive the runner, on purpose or in confusion: nothing merges that was not verified,
and nothing is written outside of the repository."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.scratch import make, row
from workspace.git import Git

pytestmark = pytest.mark.timeout(120)

START = """
import json, os, pathlib, subprocess
task = os.environ["MISSION_TASK"]
def git(*args):
    done = subprocess.run(["git", *args], check=True, capture_output=True, text=True)
    return done.stdout.strip()
def write(path, text):
    pathlib.Path(path).write_text(text)
"""
CODE = "import pathlib; raise SystemExit('bad' in pathlib.Path('README.md').read_text())"
VERIFY: dict[str, object] = {"verify": [{"name": "good", "run": [sys.executable, "-c", CODE]}]}


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_files_that_are_not_what_was_committed_vouch_for_nothing(tmp_path: Path, flag: str) -> None:
    worker = START + (
        "write('README.md', 'bad')\n"
        "git('commit', '-q', '-a', '-m', 'work')\n"
        f"git('update-index', '{flag}', 'README.md')\n"
        "write('README.md', 'scratch')\n"
    )
    scratch = make(tmp_path, [row("A")], worker=worker, config=VERIFY)
    assert scratch.run().failed == ("A",)
    assert Git(scratch.remote).text("show", "main:README.md") == "scratch"


@pytest.mark.parametrize("remote", ["origin", "none"])
def test_an_agent_that_switched_to_the_base_does_not_move_it(tmp_path: Path, remote: str) -> None:
    worker = START + "git('symbolic-ref', 'HEAD', 'refs/heads/main'); write('README.md', 'bad')"
    scratch = make(tmp_path, [row("A")], worker=worker, config={**VERIFY, "remote": remote})
    begin = scratch.git.text("rev-parse", "main")
    assert scratch.run().failed == ("A",)
    assert scratch.git.text("log", "--format=%s", f"{begin}..main") == "Update the status of plan"
    assert scratch.git.text("show", "main:README.md") == "scratch"
    assert scratch.git.text("show", "feat/a:README.md") == "bad"


REPORTS = {
    "link": "os.symlink({outside!r}, 'plan/reports')",
    "dangling": "os.symlink({outside!r} + '/none', 'plan/reports')",
    "file": "write('plan/reports', 'x')",
    "planted": "os.mkdir('plan/reports'); os.symlink({outside!r} + '/x', 'plan/reports/.B.md.new')",
    "folder": "os.makedirs('plan/reports/B.md'); write('plan/reports/B.md/x', 'x')",
}


@pytest.mark.parametrize("kind", REPORTS)
def test_reports_stay_beside_the_task_file(tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    trap = REPORTS[kind].format(outside=str(outside))
    worker = START + f"if task == 'A': {trap}\nprint('said')"
    scratch = make(tmp_path, [row("A"), row("B", after="A", branch="—")], worker=worker)
    end = scratch.run()
    assert list(outside.iterdir()) == []
    if kind == "planted":
        assert end.exit_code == 0
        assert (scratch.top / "plan" / "reports" / "B.md").read_text().endswith("said\n")
    else:
        assert end.blocked == ("B",)
        assert "the report cannot be kept" in scratch.notes("B")
