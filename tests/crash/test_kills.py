"""Promise 2: killed with SIGKILL at any instant, the next run converges.

Every write to the journal is such an instant, before it and after it; and some are drawn by chance.
`make soak` draws hundreds.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pytest

from tests.crash.converging import (
    check_nothing_is_left,
    errors,
    facts,
    finish,
    roll,
    run_and_kill,
)
from tests.crash.placed import Place, run_to_a_new_place
from tests.scratch import Scratch, make, row

pytestmark = [pytest.mark.crash, pytest.mark.slow]

PER_MISSION = 10  # kills at random instants; then the mission is left to finish
ROWS = (
    row("A"),
    row("B", after="A"),
    row("C", after="A"),
    row("R", after="B", branch="—"),
    row("D", after="B, C"),
    row("Z", after="D, R", agent="—", branch="(aggregate)"),
)
# One row of each kind.
ONE_EACH = (
    row("A"),
    row("R", after="A", branch="—"),
    row("Z", after="R", agent="—", branch="(aggregate)"),
)
SIDE_BY_SIDE = (row("A"), row("B"), row("C"), row("D"), row("E", after="A, B"))
# Long enough for the rows to come together.
SLOW = {"name": "slow", "run": [sys.executable, "-S", "-c", "import time; time.sleep(0.2)"]}
SERIAL: dict[str, object] = {}
BATCHES: dict[str, object] = {"merge": {"strategy": "batch"}, "verify": [SLOW | {"on": ["merged"]}]}
SOAK = [pytest.mark.soak, pytest.mark.timeout(6 * 3600)]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))


def begin(folder: Path, rows: Sequence[str], config: dict[str, object]) -> Scratch:
    """A mission of its own."""
    folder.mkdir()
    return make(folder, rows, config=config)


@pytest.mark.parametrize(
    ("rows", "config"),
    [
        pytest.param(ONE_EACH, SERIAL, id="serial"),
        pytest.param(SIDE_BY_SIDE[:2], BATCHES, id="batch"),
    ],
)
def test_killed_beside_every_write_to_the_journal_it_converges(
    tmp_path: Path, rows: Sequence[str], config: dict[str, object]
) -> None:
    undisturbed = begin(tmp_path / "undisturbed", rows, config)
    assert finish(undisturbed) == 0
    scratch = begin(tmp_path / "killed", rows, config)
    known: list[Place] = []
    while not isinstance(end := run_to_a_new_place(scratch.task_file, errors(scratch), known), int):
        known.append(end)
    told = f"killed {known[-1]}"
    assert end == 0, f"{told}: {scratch.statuses()}: {errors(scratch).read_text()}"
    assert facts(scratch) == facts(undisturbed), told
    check_nothing_is_left(scratch, told)
    for step in ("started", "answered", "worked", "pushed", "merging", "confirmed", "ended"):
        places = {place for place, name in known if f"attempts SET A {step}" in name}
        places |= {place for place, name in known if name == f"INSERT INTO attempts A {step}"}
        assert places == {"before", "after"}, f"no run was killed beside {step}"


@pytest.mark.parametrize(
    ("rows", "config", "kills"),
    [
        pytest.param(ROWS, SERIAL, 8, id="serial"),
        pytest.param(SIDE_BY_SIDE, BATCHES, 2, id="batch"),
        pytest.param(ROWS, SERIAL, 500, id="serial-500", marks=SOAK),
        pytest.param(SIDE_BY_SIDE, BATCHES, 100, id="batch-100", marks=SOAK),
    ],
)
def test_killed_at_random_instants_it_converges(
    tmp_path: Path, rows: Sequence[str], config: dict[str, object], kills: int
) -> None:
    seed, dice = roll()
    undisturbed = begin(tmp_path / "undisturbed", rows, config)
    assert finish(undisturbed) == 0
    # Each run goes on where the one before was killed, so half of the time reaches to the end.
    longest = _seconds(undisturbed) / 2
    expected = facts(undisturbed)
    folders = (tmp_path / f"mission-{number}" for number in count())
    killed = 0
    while killed < kills:
        scratch = begin(next(folders), rows, config)
        for _ in range(min(PER_MISSION, kills - killed)):
            killed += run_and_kill(scratch, dice.uniform(0.0, longest))
        code = finish(scratch)
        told = f"seed {seed}, after {killed} kills"
        assert code == 0, f"{told}: {scratch.statuses()}"
        assert facts(scratch) == expected, told
        check_nothing_is_left(scratch, told)


def _seconds(scratch: Scratch) -> float:
    """How long the first run of a mission took."""
    with scratch.journal() as journal:
        run = journal.runs()[0]
    assert run.ended is not None
    return (run.ended - run.started).total_seconds()
