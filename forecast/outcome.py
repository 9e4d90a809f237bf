"""What many plays come to: when, how much, on which way. Values, and how they are summed up."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from forecast.played import Played
from forecast.quick import QuickPlay, Shortcuts
from forecast.scene import Scene
from policy.budget import Scope

_ROWS: Final = 200_000  # played in all
_LEAST: Final = 50  # plays
_REST: Final = 3.0  # times as long as the play before it took


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """A quantity by how likely it is not to be passed; infinite where it has no end."""

    p50: float
    p80: float
    p95: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Band:
        """The least values that so many of the plays do not pass; zero of none."""
        ordered = sorted(values)
        return cls(p50=_at(ordered, 0.5), p80=_at(ordered, 0.8), p95=_at(ordered, 0.95))

    def plus(self, more: float) -> Band:
        """With so much more of it."""
        return Band(p50=self.p50 + more, p80=self.p80 + more, p95=self.p95 + more)


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RowOutcome:
    """One open row."""

    task: str
    milestone: str
    critical: float  # in what share of the plays it was on the critical path
    begin: float | None  # seconds from now at p50; None: it never began
    end: Band  # seconds from now; infinite in plays in which it is never done
    done: float  # in what share of the plays it was done


@dataclass(frozen=True, kw_only=True, slots=True)
class MilestoneOutcome:
    """One milestone that has open rows."""

    milestone: str
    seconds: Band  # from now until its last row is done; infinite where one never is
    tokens: Band  # from now on
    usd: Band  # from now on, of agents whose price is known


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The mission."""

    plays: int
    seconds: Band  # infinite in plays that leave a row
    tokens: Band
    usd: Band
    milestones: tuple[MilestoneOutcome, ...]  # in file order
    rows: tuple[RowOutcome, ...]  # in file order
    budgets: dict[Scope, float]  # the chance that each limit is reached
    approvals: Band  # people's words to let work merge
    decisions: Band  # people's words to set a row back
    runs: Band  # `mission run`, the one from now included
    left: float  # in what share of the plays a row was not done


def enough(scene: Scene, *, most: int) -> int:
    """How often to play: `most`, and less where there are so many rows that it would take long."""
    return max(_LEAST, min(most, _ROWS // max(1, len(scene.courses))))


def play(scene: Scene, *, plays: int, seed: int) -> Outcome:
    """Play the scene so many times. The same scene and seed give the same outcome."""
    dice = Random(seed)  # noqa: S311 - nothing is kept secret by it
    shortcuts = Shortcuts.of(scene)
    return sum_up(scene, [QuickPlay(shortcuts, dice).play() for _ in range(plays)])


def play_at_leisure(
    scene: Scene, *, plays: int, seed: int, over: Callable[[float], bool]
) -> list[Played]:
    """The same beside something that matters more: after each play it rests.

    Args:
        scene: What is played.
        plays: How often.
        seed: As for `play`.
        over: Waits for so many seconds, and tells whether to stop.

    Returns:
        As many plays as were made by then.
    """
    dice = Random(seed)  # noqa: S311 - as above
    played, shortcuts = list[Played](), Shortcuts.of(scene)
    while len(played) < plays:
        begun = time.thread_time()
        played.append(QuickPlay(shortcuts, dice).play())
        if over(_REST * (time.thread_time() - begun)):
            break
    return played


def sum_up(scene: Scene, played: Sequence[Played]) -> Outcome:
    """What they come to together."""
    count, stuck = len(played), _stuck(scene)
    critical: dict[str, int] = {}
    for one in played:
        for task in one.critical_path():
            critical[task] = critical.get(task, 0) + 1
    rows = [
        RowOutcome(
            task=task,
            milestone=scene.milestones[course.milestone],
            critical=critical.get(task, 0) / count,
            begin=_median([one.begins[task] for one in played if task in one.begins]),
            end=Band.of(one.ends.get(task, math.inf) for one in played),
            done=sum(task in one.ends for one in played) / count,
        )
        for task, course in scene.courses.items()
    ]
    rows += [
        RowOutcome(task=task, milestone=milestone, critical=0.0, begin=None, end=_NEVER, done=0.0)
        for task, milestone in stuck.items()
    ]
    milestones = [
        MilestoneOutcome(
            milestone=name,
            seconds=Band.of(_finish(one, tasks, stuck=name in stuck.values()) for one in played),
            tokens=Band.of(one.tokens[at] for one in played),
            usd=Band.of(one.usd[at] for one in played),
        )
        for at, name in enumerate(scene.milestones)
        if (tasks := [task for task, course in scene.courses.items() if course.milestone == at])
        or name in stuck.values()
    ]
    limits = {scope for one in played for scope in one.broken}
    return Outcome(
        plays=count,
        seconds=Band.of(
            math.inf if one.left or stuck else max(one.ends.values(), default=0.0) for one in played
        ),
        tokens=Band.of(sum(one.tokens) for one in played),
        usd=Band.of(sum(one.usd) for one in played),
        milestones=tuple(milestones),
        rows=tuple(rows),
        budgets={
            scope: sum(scope in one.broken for one in played) / count
            for scope in Scope
            if scope in limits
        },
        approvals=Band.of(float(one.approvals) for one in played),
        decisions=Band.of(float(one.decisions) for one in played),
        runs=Band.of(float(one.runs) for one in played),
        left=sum(bool(one.left or stuck) for one in played) / count,
    )


_NEVER: Final = Band(p50=math.inf, p80=math.inf, p95=math.inf)


def _stuck(scene: Scene) -> dict[str, str]:
    """The rows asked for that no run can begin, with the milestone of each."""
    asked = scene.selected
    return {task: its for task, its in scene.stuck.items() if asked is None or task in asked}


def _finish(one: Played, tasks: Iterable[str], *, stuck: bool) -> float:
    """When the last of these was done in a play; infinite where one was not."""
    if stuck:
        return math.inf
    return max((one.ends.get(task, math.inf) for task in tasks), default=0.0)


def _median(values: Sequence[float]) -> float | None:
    return Band.of(values).p50 if values else None


def moment(now: datetime, seconds: float) -> datetime | None:
    """So many seconds from now; None where that never comes."""
    try:
        return now + timedelta(seconds=seconds)
    except OverflowError:
        return None
