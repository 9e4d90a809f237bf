"""A night without anybody: real tools, a model server that limits, overloads, hangs up and hangs, a
remote that goes away, kills of agents, runs and machines.

In the morning every row is done, or the journal has why a person is needed; nothing is lost, and
what was booked is what was billed, but for at most an answer for each agent at work at a kill.
Twenty nights of forty rows, each with its MISSION_SEED; and one of four, to try a change with
(`-k four`).
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections import Counter
from contextlib import ExitStack
from functools import reduce
from pathlib import Path

import pytest

from mission.outcome import Outcome
from mission.usage import Usage
from tasks_md.parse import read
from tests.conftest import requires
from tests.crash.converging import roll
from tests.crash.lines import served
from tests.crash.night import BILL, NightModel, Sleeper
from tests.integration.agents.tools import KEY, home_environment
from tests.scratch import make, row
from workspace.git import Git

pytestmark = [
    requires("claude", "codex"),
    requires(system="linux"),
    pytest.mark.crash,
    pytest.mark.soak,
    pytest.mark.timeout(12 * 3600),
]
SLOTS = 3  # of each run
TRIES = 8  # of each row, of those that count
COUNTED = (Outcome.CRASHED, Outcome.SILENT, Outcome.KILLED, Outcome.TIMED_OUT)
LONGEST = 1800.0  # seconds of a night; then it is morning, and nobody disturbs any more
DISTURBANCES = ("agent", "kill", "machine", "cut", "nothing")
WEIGHTS = (3, 2, 1, 3, 6)
CLAIM = {"sign": "2s", "take_over": "20s", "lapse": "40s"}


@pytest.fixture
def folder(disk_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in home_environment(disk_path / "user").items():
        monkeypatch.setenv(name, value)
    for name in ("ANTHROPIC_API_KEY", "CODEX_API_KEY"):
        monkeypatch.setenv(name, KEY)
    return disk_path


def _rows(number: int) -> list[str]:
    """A third each waits for nobody, for one, for two."""
    rows = []
    for n in range(number):
        after = ", ".join(f"T{one}" for one in range(max(0, n - n % 3), n)) or "—"
        rows.append(row(f"T{n}", after=after, agent=("haiku", "codex")[n % 2]))
    return rows


def _disturb(machine: Sleeper, dice: random.Random) -> str:
    what = dice.choices(DISTURBANCES, WEIGHTS)[0]
    match what:
        case "agent":
            return "agents killed" if machine.kill_an_agent(dice) else "nothing"
        case "kill" | "machine":
            return "runs killed" if machine.kill(machine=what == "machine") else "nothing"
        case "cut":
            machine.line.cut()
            time.sleep(dice.uniform(0.2, 4.0))
            machine.line.heal()
            return "cuts"
    return "nothing"


@pytest.mark.parametrize(
    ("nights", "number", "pause"),
    [pytest.param(1, 4, 3.0, id="four"), pytest.param(20, 40, 8.0, id="forty")],
)
def test_in_the_morning_it_is_done_or_said_why_not(
    folder: Path, nights: int, number: int, pause: float
) -> None:
    first, _ = roll()
    log = logging.getLogger(__name__)
    for seed in range(first, first + nights):
        told = _night(folder / f"night-{seed}", seed, number, pause)
        log.info("night: %s", json.dumps(told))


def _night(folder: Path, seed: int, number: int, pause: float) -> dict[str, object]:
    """One night, held against its log; its figures."""
    folder.mkdir()
    dice = random.Random(seed)  # noqa: S311  not for secrets
    began, done = time.monotonic(), Counter[str]()
    with ExitStack() as stack:
        claude = stack.enter_context(NightModel("claude", seed))
        codex = stack.enter_context(NightModel("codex", seed + 1))
        ways = {"retries": 0, "max_attempts": TRIES, "timeouts": {"silence": "20s"}}
        config: dict[str, object] = {
            "agents": {
                "haiku": {**ways, "base_url": claude.url},
                "codex": {**ways, "base_url": f"{codex.url}/v1"},
            },
            "claim": CLAIM,
        }
        origin = make(folder, _rows(number), config=config)
        machine = Sleeper(folder / "machine", origin.remote, stack.enter_context(served(folder)))
        stack.callback(machine.line.end)
        stack.callback(machine.kill, machine=True)
        machine.start()
        while time.monotonic() - began < LONGEST and _goes_on(machine):
            time.sleep(dice.uniform(0.1, pause))
            done[_disturb(machine, dice)] += 1
        machine.kill(machine=False)
        code = machine.finish(LONGEST)
        scratch, said = machine.scratch, machine.errors.read_text()[-3000:]
        told = f"MISSION_SEED={seed}, {dict(done)}"
        statuses = scratch.statuses()
        with scratch.journal() as journal:
            assert journal.open_attempts() == [], told
            attempts = journal.attempts()
            booked = reduce(Usage.plus, (one.usage for one in attempts), Usage())
            ends = {task: [str(one.outcome) for one in journal.attempts(task)] for task in statuses}
        billed = reduce(Usage.plus, (Usage.of(one.billed) for one in (claude, codex)))
        merged = Counter(scratch.merged())
        undone = {task: status for task, status in statuses.items() if status != "done"}
        _bears_out(undone, ends, told, said)
        assert (code == 0) == (not undone), f"{told}: {code}: {undone}: {said}"
        assert set(merged.values()) <= {1}, f"{told}: {merged}"
        assert set(merged) == set(statuses) - set(undone), f"{told}: {merged}"
        for git in (scratch.git, Git(scratch.remote)):
            assert not git.run("fsck", "--strict", "--no-dangling").stderr, told
        assert "Traceback" not in machine.errors.read_text(), f"{told}: {said}"
        met = claude.met + codex.met
        # What broke off, or was on its way to a tool that was killed, no record of a tool has.
        unheard = (
            met["hangs up"] + met["hangs"] + done["agents killed"] + SLOTS * done["runs killed"]
        )
        least = 0.99 * billed.tokens - unheard * (BILL.input + BILL.output)
        assert least <= booked.tokens <= 1.01 * billed.tokens, f"{told}: {booked}, {billed}"
        return {
            "seed": seed,
            "rows": number,
            "done": len(merged),
            "for a person": len(undone),
            "attempts": len(attempts),
            **done,
            **met,
            "tokens off": f"{booked.tokens / billed.tokens - 1:+.2%}",
            "seconds": round(time.monotonic() - began),
        }


def _goes_on(machine: Sleeper) -> bool:
    """Whether there is anything left to disturb; a run that is over is begun again for it."""
    if machine.alive:
        return True
    rows = read(machine.scratch.task_file).tasks
    done = {one.id for one in rows if one.status == "done"}
    left = any(
        one.status == "in-progress" or (one.status == "not-started" and done >= {*one.depends_on})
        for one in rows
    )
    if left:
        machine.start()
    return left


def _bears_out(undone: dict[str, str], ends: dict[str, list[str]], told: str, said: str) -> None:
    """Each row that is not done has failed as often as it may, or waits for one that has."""
    failed = {task for task, status in undone.items() if status == "failed"}
    others = {task: status for task, status in undone.items() if task not in failed}
    assert not others or failed, f"{told}: {others}: {said}"
    assert set(others.values()) <= {"not-started"}, f"{told}: {others}: {ends}: {said}"
    for task in failed:
        counted = [one for one in ends[task] if one in COUNTED]
        assert len(counted) >= TRIES, f"{told}: {task}: {ends[task]}: {said}"
