"""A disk takes nothing any more while agents work: real ones, as small as can be.

One message names the disk and what to do; no row fails; nothing is tried again in vain; and once it
is mended, `mission run` carries on.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import CANNOT_EXIST

ROOT = Path(__file__).parents[2]
UNSHARE = ("unshare", "--user", "--map-root-user", "--mount")
SAMPLES = (("repository", "full"), ("home", "read-only"), ("plan", "full"))
CASES = (
    *(("repository", "crash"), ("home", "full"), ("home", "crash"), ("plan", "read-only")),
    *(("remote", "full"), ("remote", "read-only")),
)

pytestmark = pytest.mark.crash


@cache
def _may_mount() -> bool:
    command = [*UNSHARE, "mount", "-t", "tmpfs", "t", "/mnt"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("place", "how"),
    [*SAMPLES, *(pytest.param(*case, marks=pytest.mark.soak) for case in CASES)],
)
def test_a_disk_that_takes_nothing_ends_the_run_and_no_row(
    tmp_path: Path, place: str, how: str
) -> None:
    if not _may_mount():
        pytest.skip(f"{CANNOT_EXIST}nothing can be mounted")
    done = subprocess.run(
        [*UNSHARE, sys.executable, "-m", "tests.crash.small_disks", place, how, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    facts = json.loads(done.stdout)
    first, second, last = facts["runs"]
    for run in (first, second):
        assert run["code"] == 1, run
        assert facts["disk"] in run["told"], run
        if place != "remote":
            assert "`mission run` carries on" in run["told"], run
            assert ("read-only" if how == "read-only" else "full") in run["told"], run
        assert not {"failed", "blocked"} & set(run["statuses"].values()), run
        assert run["statuses"]["C"] == run["statuses"]["D"] == "not-started", run
    assert last["code"] == 0, last
    assert set(last["statuses"].values()) == {"done"}, last
    assert sorted(facts["merged"]) == ["A", "B", "C", "D"]
    # What can be saved is: an agent that has finished is not asked again.
    asked = sorted(facts["asked"])
    if place != "home":  # where their work is
        assert asked == (["A", "A"] if how == "crash" else ["A"]) + ["B", "C", "D"]
    assert asked.count("A") <= 2
    assert asked.count("B") <= 2
