"""The same play, with what nearly always happens written out: as long as no provider rests, no
limit is set and no work waits for its review, whoever is next in the order begins, and nobody need
be asked.

Everything else is left to `Play`, in the middle of a play and back: both have one state, and draw
in one order, so that of one seed the same comes out (`tests/unit/forecast/test_quick.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Self

from forecast.clockwork import END
from forecast.play import Play
from forecast.rows import PlayedRows
from forecast.scene import Course, Scene, Stint
from forecast.spread import DRAWS
from mission.outcome import Outcome
from mission.steps import End
from policy.batch import StepState

# What is needed of a row as it begins, in the order in which it is taken apart.
_Entry = tuple[str, Course, Stint, float, int]


@dataclass(frozen=True, kw_only=True)
class Shortcuts:
    """What plays of one scene look up, told once."""

    scene: Scene
    entries: tuple[_Entry | None, ...]  # by place in the order; None: asks for more than this
    usable: bool  # whether rows may begin in their order, just so

    @classmethod
    def of(cls, scene: Scene) -> Self:
        """Of a scene."""
        return cls(
            scene=scene,
            entries=tuple(_entry(scene.courses.get(task)) for task in scene.table.order),
            usable=scene.selected is None and scene.ledger is None,
        )


def _entry(course: Course | None) -> _Entry | None:
    if course is None or course.review is not None or not course.merges:
        return None
    stint = course.stints[course.carrier]
    return course.task.id, course, stint, stint.usd_per_token or 0.0, course.milestone


class QuickPlay(Play):
    """Plays a scene once."""

    def __init__(self, shortcuts: Shortcuts, dice: Random) -> None:
        scene = shortcuts.scene
        rows = PlayedRows(scene.table)
        super().__init__(scene, dice, rows, shortcut=True)
        self._merging = False  # what follows from a merge is taken in
        self._shortcuts = shortcuts
        self._waiting = rows.ready

    def _go_on_unhindered(self) -> None:
        door = self._door
        if not self._shortcuts.usable:
            return
        clock, slots, delays = self._clock, self._scene.slots, door.admission.delays
        happens = clock.happens
        while door.calm:
            if self._news and self._live < slots:
                self._news = False
                if delays:
                    self._start()  # those whose time has come are before others
                else:
                    self._begin_ready()
            if not happens or clock.time > END:
                return
            if not delays or not self._pass_time():
                clock.time, _, do, given = heappop(happens)
                do(*given)

    def _begin_ready(self) -> None:
        ready, slots = self._waiting, self._scene.slots
        while ready and self._live < slots:
            self._begin_first(ready)

    def _begin_first(self, ready: list[int]) -> None:
        """`_begin` and `_work` of the row whose turn it is."""
        entry = self._shortcuts.entries[ready[0]]
        if entry is None:
            self._begin(self._scene.table.order[ready[0]])
            return
        del ready[0]
        task, course, stint, usd_per_token, milestone = entry
        played, clock, random, checks = self._played, self._clock, self._random, self._scene.checks
        self._begun.add(task)
        self._live += 1
        if task not in played.begins:
            played.begins[task] = clock.time
        cause = played.cause
        if cause is not None and cause != task:
            played.turns += 1
            played.causes.setdefault(task, []).append((played.turns, cause))
        self._bases[task] = self._queue.moves
        self._turns[task] = self._turns.get(task, 0) + 1
        self._authors[task] = course.carrier
        slower, more = self._draws.factors[stint.pool]
        place = int(random() * DRAWS)
        seconds = stint.seconds * slower * stint.times[place]
        tokens = stint.tokens * more * stint.uses[place]
        dice = random()
        if dice < stint.trouble:
            self._end_work(task, course, stint, seconds, tokens, dice)
            return
        played.tokens[milestone] += tokens
        played.usd[milestone] += tokens * usd_per_token
        seconds += checks.delivery * checks.deliveries[int(random() * DRAWS)]
        waits = checks.push_waits
        if waits:
            seconds += waits[int(random() * len(waits))]
        agent = stint.agent
        if random() < checks.red_branch:
            clock.after(seconds, self._not_good, task, course, agent, End.VERIFICATION)
            return
        clock.number += 1
        what = (clock.time + seconds, clock.number, self._verified, (task, course, agent))
        heappush(clock.happens, what)

    def _returned(self, task: str, why: StepState) -> None:
        self._merging = True
        super()._returned(task, why)
        self._merging = False

    def _end_job_anew(
        self, task: str, agent: str, end: End, said: Outcome | None = None
    ) -> None:  # fmt: skip
        door, room = self._door, self._live <= self._scene.slots
        # It would be delayed until now, and then begin before others: nothing is drawn in between,
        # but where a merge goes on.
        if self._merging or not door.calm or not room or door.admission.delays:
            super()._end_job_anew(task, agent, end, said)
            return
        self._live -= 1
        self._news = True
        self._played.cause = task
        self._begin(task)
