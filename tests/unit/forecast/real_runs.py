"""Missions whose rows take times of known distributions, carried out by the real loop: on threads
that sleep, by a clock on which a moment is a quarter of an hour."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from forecast.scene import Scene
from forecast.setting import WhatIf
from forecast.spread import DRAWS
from forecast.staging import History, Made, set_scene
from mission.journal import End, Journal, Step
from mission.journal.kinds import AgentEnded, MergeAwaited, Merged, Verified
from mission.outcome import Outcome
from mission.state import Status
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.ends import Again, TaskEnd
from tasks_md.parse import parse
from tests.unit.orchestrator.in_memory import InMemory, end

_BEGAN = datetime(2026, 1, 5, tzinfo=UTC)
SLOTS = 3
_AGENTS = {"quick": -0.4, "slow": 0.3}  # of the logarithm, against what is expected
CONFIG: dict[str, object] = {
    "agents": {name: {"type": "command", "run": ["true"]} for name in _AGENTS},
    "verify": [{"name": "tests", "run": ["true"]}],
}


_HEAD = (
    "## Milestone 1 — One (M)\n\n"
    "| id | status | description | agent | branch | depends_on | estimate |\n"
    "| --- | --- | --- | --- | --- | --- | --- |\n"
)


class ScaledClock:
    """A clock on which time passes as many times as fast."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self._begun = time.monotonic()

    def now(self) -> datetime:
        return _BEGAN + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.monotonic() - self._begun) * self.scale

    def boottime(self) -> float:
        return self.monotonic()

    def sleep(self, seconds: float) -> None:
        """So many of its seconds."""
        time.sleep(seconds / self.scale)


@dataclass(kw_only=True)
class Repository:
    """Where missions are carried out one after the other, and one journal keeps them all."""

    seed: int
    scale: float = 6_000.0  # a row of ten minutes takes a tenth of a second
    slots: int = SLOTS
    missions: int = 0
    moves: int = 0  # of the base
    landings: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)  # noqa: S311 - no secrets
        self.clock = ScaledClock(self.scale)
        self.journal = Journal.in_memory(clock=self.clock.now)
        self.done = ""  # the rows of all missions so far
        self._lock = threading.Lock()

    def mission(self, rows: int = 10) -> InMemory:
        """The next one, ready to be carried out: rows that wait for up to two rows before them."""
        self.missions += 1
        text = ""
        for at in range(rows):
            count = self.dice.randrange(3) if at else 0
            before = sorted({self.dice.randrange(at) for _ in range(count)})
            after = ", ".join(f"M{self.missions}-{one}" for one in before) or "—"
            agent, size = self.dice.choice(sorted(_AGENTS)), self.dice.randrange(4, 20)
            name = f"M{self.missions}-{at}"
            text += f"| {name} | not-started | Do it | {agent} | f/{name} | {after} | {size}K |\n"
        self.done += text.replace("not-started", "done")
        return InMemory(
            text=_HEAD + text,
            carry_out=self.carry_out,
            config=CONFIG,
            slots=self.slots,
            clock=self.clock,
            kept=self.journal,
        )

    def set_scene(self, mission: InMemory) -> Made:
        """What would be played of it now."""
        config, now = mission.settings, self.clock.now()
        open_rows = mission.file.text.removeprefix(_HEAD)
        earlier = self.done.removesuffix(open_rows.replace("not-started", "done"))
        return set_scene(
            parse(_HEAD + earlier + open_rows),
            config,
            History.of(self.journal, config, now),
            alive=False,
            now=now,
            what_if=WhatIf(max_parallel=self.slots),
        )

    def run(self, mission: InMemory) -> float:
        """Carry it out; how long that took, in seconds of the clock."""
        begun = self.clock.monotonic()
        mission.run()
        return self.clock.monotonic() - begun

    def carry_out(self, assignment: Assignment) -> TaskEnd:
        """A row: work, verify, and land when nobody else does. One of ten verifications fails."""
        task, attempt = assignment.task, assignment.attempt
        with self._lock:
            work, verify, again, land, luck = (self.dice.gauss(0, 1) for _ in range(5))
            begun_on = self.moves
        expected = 60 + 0.04 * (task.estimate_tokens or 0)
        self.clock.sleep(expected * math.exp(_AGENTS[attempt.agent] + 0.5 * work))
        said = AgentEnded(outcome=Outcome.SUCCESS.value)
        self.journal.record(said, task=task.id, attempt=attempt.id)
        self.journal.advance_attempt(attempt.id, Step.ANSWERED, said=Outcome.SUCCESS)
        self.journal.advance_attempt(attempt.id, Step.WORKED)
        self._verify(assignment, 60 * math.exp(0.3 * verify), ok=luck > -1.28)
        if luck <= -1.28 and attempt.number == 1:
            return end(
                assignment,
                None,
                End.VERIFICATION,
                said=Outcome.SUCCESS,
                again=Again(at=self.clock.now()),
            )
        self.journal.record(MergeAwaited(branch=attempt.branch), task=task.id, attempt=attempt.id)
        with self.landings:
            if self.moves != begun_on:  # the squash is another tree than the branch
                self._verify(assignment, 60 * math.exp(0.3 * again), ok=True)
            self.clock.sleep(120 * math.exp(0.4 * land))
            merged = Merged(commit=f"{attempt.id:040x}")
            self.journal.record(merged, task=task.id, attempt=attempt.id)
            self.moves += 1
        return end(assignment, Status.DONE, End.SUCCESS)

    def _verify(self, assignment: Assignment, seconds: float, *, ok: bool) -> None:
        begun = self.clock.monotonic()
        self.clock.sleep(seconds)
        self.journal.record(
            Verified(step="tests", ok=ok, tree="t", seconds=self.clock.monotonic() - begun),
            task=assignment.task.id,
            attempt=assignment.attempt.id,
        )


def longest_path(scene: Scene, dice: Random) -> float:
    """What a sum over the critical path says: the same draws, without slots and without a queue."""
    checks, ends = scene.checks, dict[str, float]()
    factors = [math.exp(pool.time_doubt * dice.gauss(0, 1)) for pool in scene.pools]
    for task, course in scene.courses.items():  # in file order: each after what it waits for
        stint = course.stints[course.carrier]
        places = [dice.randrange(DRAWS) for _ in range(4)]
        took = stint.seconds * factors[stint.pool] * stint.times[places[0]]
        took += checks.delivery * checks.deliveries[places[1]]
        took += checks.squash * checks.squashes[places[2]]
        took += checks.landing * checks.landings[places[3]]
        before = (ends[name] for name in course.task.depends_on if name in ends)
        ends[task] = max(before, default=0.0) + took
    return max(ends.values())
