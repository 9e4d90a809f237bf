"""The `mission` command finds its own packages, whatever PYTHONPATH leads to."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mission_command import PACKAGES

ROOT = Path(__file__).parents[3]
PLAN = """\
# Tasks

## M (M1)

| id | status | description | agent | branch |
| --- | --- | --- | --- | --- |
| A-1 | not-started | Do it | worker | feat/a |
"""


def test_every_package_of_ours_is_meant() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = project["tool"]["setuptools"]["packages"]["find"]["include"]
    assert sorted(PACKAGES) == sorted(name.removesuffix("*") for name in found)


@pytest.mark.parametrize("path", [".", "lib:", "lib:{here}/lib:{here}"])
@pytest.mark.parametrize("name", ["agents/reviewer.md", "cli/__init__.py", "mission.py"])
def test_a_folder_with_a_name_of_ours_hides_nothing(tmp_path: Path, path: str, name: str) -> None:
    theirs = tmp_path / name
    theirs.parent.mkdir(exist_ok=True)
    theirs.write_text("raise SystemExit('the wrong package')\n")
    (tmp_path / "TASKS.md").write_text(PLAN)
    (tmp_path / "mission.yaml").write_text("agents: {worker: {type: command, run: ['true']}}\n")
    checked = subprocess.run(
        [Path(sys.executable).with_name("mission"), "check"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path.format(here=tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout
