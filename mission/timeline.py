"""When each row was at what: made of its attempts and its events. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mission.journal import Attempt, Event
from mission.journal.kinds import (
    AgentEnded,
    GateAnswered,
    Happening,
    MergeAwaited,
    Merged,
    NoReview,
    Pushed,
    ReviewMade,
    RowWaits,
    StatusSet,
    Verified,
)
from mission.state import Status
from mission.waits import WaitsFor


class Phase(StrEnum):
    """What a row is at."""

    QUEUED = "queued"  # it could start
    WORKING = "working"
    VERIFYING = "verifying"  # checks and reviews
    WAITING = "waiting"  # for a provider, a budget, its next try
    GATE = "gate"
    MERGING = "merging"  # its turn to merge included
    PERSON = "person"


#: Phases in which somebody, or a program, is at the row.
AT_WORK = frozenset({Phase.WORKING, Phase.VERIFYING})
_PERSONS = frozenset({Status.NEEDS_QA, Status.FAILED, Status.BLOCKED})
_ORDER = {"ended": 0, "event": 1, "started": 2}  # of what happens in one instant


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A row is at one thing for some time."""

    phase: Phase
    begin: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RowTime:
    """What a row was at, in order."""

    task: str
    stretches: tuple[Stretch, ...]


def make_timeline(
    before: Mapping[str, Sequence[str]],
    attempts: Iterable[Attempt],
    events: Iterable[Event[Happening]],
    *,
    now: datetime,
    worked_until: datetime,
) -> tuple[RowTime, ...]:
    """Put it together. Pure.

    Args:
        before: The rows that each row waits for, in file order of the keys.
        attempts: All of them.
        events: All of them.
        now: The end, so far, of waiting for a person.
        worked_until: The end, so far, of all else: the last sign of whoever is at it.
    """
    told: dict[str, list[_Turn]] = {}
    done: dict[str, datetime] = {}
    for attempt in attempts:
        its = told.setdefault(attempt.task, [])
        its.append(_Turn(attempt.started, "started", Phase.WORKING))
        if attempt.ended is not None:
            its.append(_Turn(attempt.ended, "ended", None))
    for event in events:
        if event.task is None:
            continue
        if isinstance(event.what, StatusSet) and event.what.new == Status.DONE:
            done[event.task] = event.at
        found = _after(event.what)
        if found is not None:
            phase = None if found == "nothing" else Phase(found)
            told.setdefault(event.task, []).append(_Turn(event.at, "event", phase))
    return tuple(
        RowTime(task=task, stretches=stretches)
        for task, names in before.items()
        if task in told
        and (stretches := _stretches(told[task], _ready_at(names, done), now, worked_until))
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkTime:
    """How the time of an attempt was spent, up to the next one at its row."""

    worked: timedelta = timedelta()  # by agents, reviewers and checks
    waited: timedelta = timedelta()  # for providers, gates, its turn to merge, and people


def work_times(
    attempts: Sequence[Attempt], events: Iterable[Event[Happening]], *, now: datetime
) -> dict[int, WorkTime]:
    """Working time apart from waiting, by attempt, up to now. Pure."""
    by_task: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_task.setdefault(attempt.task, []).append(attempt)
    rows = make_timeline(dict.fromkeys(by_task, ()), attempts, events, now=now, worked_until=now)
    found: dict[int, WorkTime] = {}
    for row in rows:
        for stretch in row.stretches:
            its = [one for one in by_task[row.task] if one.started <= stretch.begin]
            if not its:
                continue
            whose = max(its, key=lambda one: one.started).id
            before, took = found.get(whose, WorkTime()), stretch.end - stretch.begin
            if stretch.phase in AT_WORK:
                found[whose] = replace(before, worked=before.worked + took)
            else:
                found[whose] = replace(before, waited=before.waited + took)
    return found


@dataclass(frozen=True, slots=True)
class _Turn:
    """From here on a row is at something else."""

    at: datetime
    kind: str
    phase: Phase | None  # None: nobody is at it, and it waits for nobody


def _after(what: Happening) -> str | None:
    """What a row is at after an event: a phase, `nothing`, or None where that does not differ."""
    found: str | None = None
    match what:
        case StatusSet():
            if what.new in _PERSONS:
                found = Phase.PERSON
            elif what.new != Status.IN_PROGRESS:
                found = "nothing"
        case AgentEnded() | Verified() | ReviewMade() | NoReview():
            found = Phase.VERIFYING
        case GateAnswered():
            found = Phase.MERGING if what.clear else Phase.GATE
        case Pushed() | MergeAwaited() | Merged():
            found = Phase.MERGING
        case RowWaits():
            found = _waiting(what.on)
        case _:
            pass
    return found


def _waiting(on: str) -> str | None:
    if on == WaitsFor.REVIEWER:
        return Phase.VERIFYING
    return Phase.WAITING if on in {WaitsFor.PROVIDER, WaitsFor.BUDGET, WaitsFor.RETRY} else None


def _ready_at(names: Sequence[str], done: Mapping[str, datetime]) -> datetime | None:
    """Since when nothing before a row is missing, where the journal knows it of all of them."""
    times = [done[name] for name in names if name in done]
    return max(times) if times else None


def _stretches(
    turns: Sequence[_Turn], ready: datetime | None, now: datetime, worked_until: datetime
) -> tuple[Stretch, ...]:
    ordered = sorted(turns, key=lambda turn: (turn.at, _ORDER[turn.kind]))
    found: list[Stretch] = []
    if ready is not None and ready < ordered[0].at:
        found.append(Stretch(phase=Phase.QUEUED, begin=ready, end=ordered[0].at))
    last = now if ordered[-1].phase is Phase.PERSON else worked_until
    ends = [*(turn.at for turn in ordered[1:]), last]
    for turn, end in zip(ordered, ends, strict=True):
        if turn.phase is None or end <= turn.at:
            continue
        if found and (found[-1].phase, found[-1].end) == (turn.phase, turn.at):
            found[-1] = Stretch(phase=turn.phase, begin=found[-1].begin, end=end)
        else:
            found.append(Stretch(phase=turn.phase, begin=turn.at, end=end))
    return tuple(found)
