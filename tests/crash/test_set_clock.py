"""The machine's clock is set, by an hour or a day, on or back, while a row waits: nothing waits
longer for it, no provider is given up for it, and the journal keeps its order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import requires

pytestmark = [pytest.mark.crash, requires("cc", system="linux")]

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).with_name("set_clock.c")
HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    "seconds", [-DAY, DAY, *(pytest.param(one, marks=pytest.mark.soak) for one in (-HOUR, HOUR))]
)
def test_a_clock_that_is_set_holds_nothing_up(tmp_path: Path, seconds: int) -> None:
    library, ahead = tmp_path / "set_clock.so", tmp_path / "ahead"
    compiler = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(compiler, check=True)
    ahead.write_bytes(bytes(8))
    home = {"MISSION_HOME": str(tmp_path / "home")}
    preloaded = {"LD_PRELOAD": str(library), "CLOCK_AHEAD": str(ahead)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.set_clock", str(seconds), str(tmp_path)],
        cwd=ROOT, env=os.environ | home | preloaded, timeout=200,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    facts = json.loads(done.stdout)
    assert facts["set"]
    assert (facts["code"], facts["statuses"]) == (0, {"A": "done", "B": "done"}), facts
    assert facts["merged"] == ["A", "B"]
    assert facts["in order"]
    assert any("clock was set" in line for line in facts["said"]), facts["said"]
