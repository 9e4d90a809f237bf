"""A machine that refuses: one line that says what and where, and no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from errors import UsageError, told
from mission.place import Place
from tests.scratch import make, row

ROOT = Path(__file__).parents[3]


def test_a_file_where_worktrees_belong_is_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home-of-this-test"
    home.mkdir()
    (home / "worktrees").write_text("in the way")
    monkeypatch.setenv("MISSION_HOME", str(home))
    scratch = make(tmp_path, [row("A")])
    with pytest.raises(UsageError, match=str(home / "worktrees")) as refused:
        scratch.run()
    assert "move it away" in refused.value.hint
    assert scratch.statuses() == {"A": "not-started"}


def test_a_full_disk_is_told_with_what_to_do(tmp_path: Path) -> None:
    """As the system says it for any file: the device `full` does."""
    with pytest.raises(OSError, match="No space left") as caught:
        Path("/dev/full").write_text("x")
    caught.value.filename = str(tmp_path)
    shown = told(caught.value)
    assert shown.message == f"No space left on device ({tmp_path})"
    assert shown.hint == "Make room there; then `mission run` carries on, nothing is lost"


def test_a_command_that_the_machine_refuses_says_so_in_one_line(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")])
    state = Place.find(str(scratch.task_file)).state_dir
    state.parent.mkdir(parents=True, exist_ok=True)
    state.write_text("in the way")
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "verify", str(scratch.task_file)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    doing, why, hint = done.stderr.splitlines()
    assert doing.startswith("Comparing ")
    assert why.startswith("mission: ")
    assert str(state) in why
    assert hint.startswith("  ")
