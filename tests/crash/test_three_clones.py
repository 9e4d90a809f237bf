"""Promises 1 and 2 over machines: three clones of one remote, killed, cut off, lost.

Whatever dies when: a row is merged once, no two agents work on it at once, and what an agent
finished and a run pushed is never paid again. `make soak` does it 200 times; a round that failed
names its `MISSION_SEED`, with which the series begins at it.
"""

from __future__ import annotations

import logging
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import requires
from tests.crash.converging import roll
from tests.crash.lines import served
from tests.crash.machines import HELD, Machine
from tests.scratch import make, row
from workspace.git import Git

pytestmark = [pytest.mark.crash, pytest.mark.slow, requires("git", system="linux")]

ROWS = (
    row("A"),
    row("B", after="A"),
    row("C", after="A"),
    row("D"),
    row("Z", after="B, C, D", agent="—", branch="(aggregate)"),
)
# A lock dies with its holder, whoever kills that: who cannot have it is not alone at work on a row.
# A branch on the remote is there once an agent has finished, and what it did was pushed.
WORKER = """
import fcntl, os, pathlib, time
task, attempt = os.environ["MISSION_TASK"], os.environ["MISSION_ATTEMPT"]
outside = pathlib.Path({outside!r})
def note(what):
    with (outside / "ledger").open("a") as ledger:
        ledger.write(f"{{time.time():.3f}} {{what}} {{task}} {{attempt}} {{os.getcwd()}}\\n")
lock = (outside / f"{{task}}.lock").open("w")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    note("together")
if (outside / "remote.git" / "refs" / "heads" / "feat" / task.lower()).exists():
    note("again")
note("start")
time.sleep({{"B": 1.2, "D": 6}}.get(task, 0.2))
pathlib.Path(f"{{task}}.txt").write_text(f"work of {{task}}\\n")
note("end")
"""
LAPSE = 3  # seconds, where there are many rounds
UNHURRIED = 10  # ... in the one of each change: on a machine that stalls no claim that lives lapses
AT_ONCE = 3  # rounds on one core
DISTURBANCES = ("kill", "machine", "cut", "long", "fresh", "nothing")
WEIGHTS = (4, 2, 3, 1, 1, 2)


@contextmanager
def three(folder: Path, lapse: int) -> Iterator[list[Machine]]:
    folder.mkdir()
    worker = WORKER.format(outside=str(folder))
    claim = {"sign": "1s", "take_over": f"{lapse - 1}s", "lapse": f"{lapse}s"}
    origin = make(folder, ROWS, worker=worker, config={"claim": claim})
    (folder / "ledger").touch()
    with ExitStack() as stack:
        port = stack.enter_context(served(folder))
        machines = []
        for number in range(3):
            machine = Machine(folder / f"machine-{number}", origin.remote, port)
            stack.callback(machine.line.end)
            stack.callback(machine.kill, machine=True)
            machines.append(machine)
        yield machines


def cut(machine: Machine, seconds: float) -> None:
    machine.line.cut()
    time.sleep(seconds)
    machine.line.heal()


def cut_off(machines: list[Machine], machine: Machine, lapse: int) -> None:
    """Cut one off that runs for longer than `lapse`, while the others want the mission."""
    machine = next((one for one in machines if one.alive), machine)
    machine.line.cut()
    ends = time.monotonic() + lapse + 1.5  # another takes it by then: it looks on each second
    while time.monotonic() < ends:
        for other in machines:
            if other is not machine and not other.alive:
                other.start()
        time.sleep(0.2)
    machine.line.heal()


def disturb(machines: list[Machine], dice: random.Random, most: int, lapse: int) -> Counter[str]:
    """Let them run, and do to them what happens to machines."""
    done: Counter[str] = Counter()
    for turn in range(dice.randint(most // 2, most)):
        for machine in machines:
            if not machine.alive and dice.random() < 0.7:
                machine.start()
        time.sleep(dice.uniform(0.05, 0.6))
        machine = dice.choice(machines)
        match "long" if turn == 0 else dice.choices(DISTURBANCES, WEIGHTS)[0]:
            case "kill":
                done["kills"] += machine.kill(machine=False)
            case "machine":
                done["kills"] += machine.kill(machine=True)
            case "cut":
                cut(machine, dice.uniform(0.05, 1.0))
                done["cuts"] += 1
            case "long":
                cut_off(machines, machine, lapse)
                done["long cuts"] += 1
            case "fresh":
                machine.renew()
                done["fresh"] += 1
    return done


def finish(machine: Machine) -> int:
    """The exit code of its run, once no other clone seems to have the mission."""
    for _ in range(60):
        if (code := machine.finish()) != HELD:
            return code
        time.sleep(0.5)
    return HELD


def check(machines: list[Machine], last: Machine, told: str) -> None:
    """That all is as if nothing had happened."""
    scratch = last.scratch
    said = last.errors.read_text()[-3000:]
    assert set(scratch.statuses().values()) == {"done"}, f"{told}: {scratch.statuses()}: {said}"
    merged = Counter(scratch.merged())
    assert merged == Counter("ABCD"), f"{told}: {merged}"
    ledger = (last.folder.parent / "ledger").read_text()
    assert "together" not in ledger, f"{told}: two agents worked on a row at once\n{ledger}"
    assert "again" not in ledger, f"{told}: what was pushed was paid again\n{ledger}"
    assert not Git(scratch.remote).run("fsck", "--strict", "--no-dangling").stderr, told
    with scratch.journal() as journal:
        assert journal.open_attempts() == [], told
    paid = ledger.count(" start ")
    for (
        machine
    ) in machines:  # the others' checkouts follow as they run, and nothing else comes of it
        tail = f"{told}: {machine.folder.name}"
        assert finish(machine) == 0, f"{tail}: {machine.errors.read_text()[-3000:]}"
        assert machine.verify() == 0, f"{tail}: {machine.errors.read_text()[-3000:]}"
    assert (last.folder.parent / "ledger").read_text().count(" start ") == paid, told


def play(folder: Path, most: int, lapse: int, seed: int) -> Counter[str]:
    """One round; what was done in it."""
    dice = random.Random(seed)  # noqa: S311  not for secrets
    with three(folder / f"round-{seed}", lapse) as machines:
        done = disturb(machines, dice, most, lapse)
        for machine in machines:
            done["kills"] += machine.kill(machine=dice.random() < 0.5)
        last = dice.choice(machines)
        code = finish(last)
        told = f"MISSION_SEED={seed}, {dict(done)}"
        assert code == 0, f"{told}: {code}: {last.errors.read_text()[-3000:]}"
        check(machines, last, told)
    shutil.rmtree(folder / f"round-{seed}")
    return done + Counter({"rounds": 1})


@pytest.mark.parametrize(
    ("rounds", "most", "at_once", "lapse"),
    [
        pytest.param(1, 5, 1, UNHURRIED, id="one"),
        pytest.param(
            200,
            25,
            AT_ONCE,
            LAPSE,
            id="200",
            marks=[pytest.mark.soak, pytest.mark.timeout(6 * 3600)],
        ),
    ],
)
def test_three_clones_carry_a_mission_out_once(
    tmp_path: Path, rounds: int, most: int, at_once: int, lapse: int
) -> None:
    """Several rounds at once where there are many, since most of each is waited for."""
    first, _ = roll()
    log = logging.getLogger(__name__)
    log.info("three clones: %d rounds from MISSION_SEED=%d on", rounds, first)
    total: Counter[str] = Counter()
    with ThreadPoolExecutor(at_once) as pool:
        try:
            for done in pool.map(
                partial(play, tmp_path, most, lapse), range(first, first + rounds)
            ):
                total += done
                log.info("three clones: %s", dict(total))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
