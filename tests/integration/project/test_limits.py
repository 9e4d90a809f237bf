"""Limits of the system on a command: one message that names what to raise, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scratch import make, row

ROOT = Path(__file__).parents[3]
_COMMAND = "from cli.main import main; main(sys.argv[1:])"
_SMALL_FILES = "resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
# What is not enough for the plan depends on the machine: so nothing is, once it is to be read.
_NO_MEMORY = """
import tasks_md.parse
def none(*_args, **_more):
    raise MemoryError
tasks_md.parse.parse = none
"""


def _typed(folder: Path, limit: str, *command: str) -> subprocess.CompletedProcess[str]:
    script = f"import resource, sys\n{limit}\n{_COMMAND}"
    return subprocess.run(
        [sys.executable, "-c", script, *command],
        cwd=ROOT,
        # Python leaves half a compiled module behind where no more may be written.
        env=os.environ | {"MISSION_HOME": str(folder / "home"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("size", [4 << 10, 300 << 10])
def test_a_limit_on_the_size_of_files_is_named(tmp_path: Path, size: int) -> None:
    scratch = make(tmp_path, [row("A", status="blocked")])
    scratch.git.run("remote", "remove", "origin")
    command = ("unblock", str(scratch.task_file), "A")
    done = _typed(tmp_path, _SMALL_FILES.format(size=size), *command)
    assert done.returncode == 1
    message, hint = done.stderr.splitlines()
    assert message.startswith("mission: ")
    assert str(scratch.top) in message
    assert hint.startswith("  Raise the limit on the size of files (`ulimit -f`); then")
    assert scratch.statuses() == {"A": "blocked"}
    assert _typed(tmp_path, "", *command).returncode == 0
    assert scratch.statuses() == {"A": "not-started"}


def test_a_command_without_memory_says_so(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")])
    done = _typed(tmp_path, _NO_MEMORY, "status", str(scratch.task_file))
    assert done.returncode == 1
    message, hint = done.stderr.splitlines()
    assert message == "mission: mission got no memory"
    assert hint.startswith("  The machine limits it (`ulimit -v`, cgroup), or has none left")
