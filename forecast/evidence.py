"""What the journal shows of how long things took, what they used, and how they ended. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mission.journal import Attempt, Event
from mission.journal.kinds import (
    AgentEnded,
    GateAnswered,
    Happening,
    MergeAwaited,
    Merged,
    NoReview,
    ReviewMade,
    RowWaits,
    StatusSet,
    Verified,
)
from mission.outcome import Outcome
from mission.state import Status
from mission.steps import End, outcome_of
from mission.waits import WaitsFor
from orchestrator.admission.rests import PROBE


@dataclass(frozen=True, kw_only=True, slots=True)
class Worked:
    """An agent, or an operation, was at a row."""

    task: str
    agent: str
    outcome: Outcome
    seconds: float
    tokens: int  # new ones, without those of its reviews
    cost_usd: float | None  # ... and without theirs; None: not known


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewed:
    """A reviewer looked at work."""

    task: str
    reviewer: str
    passed: bool
    seconds: float
    tokens: int
    cost_usd: float | None  # None: not known


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All of it, each in the order in which it happened."""

    worked: list[Worked] = field(default_factory=list)
    reviewed: list[Reviewed] = field(default_factory=list)
    deliveries: list[float] = field(default_factory=list)  # seconds to the queue, gates apart
    steps: dict[str, list[float]] = field(default_factory=dict)  # seconds, by verify step
    branches: list[bool] = field(default_factory=list)  # verified: whether they passed
    squashes: list[bool] = field(default_factory=list)  # ... on top of the base
    conflicts: int = 0
    landings: list[float] = field(default_factory=list)  # seconds, verifying and gates apart
    gates: dict[str, list[float]] = field(default_factory=dict)  # seconds waited, by purpose
    limits: dict[str, list[float]] = field(default_factory=dict)  # seconds, by provider


@dataclass(kw_only=True)
class _Course:
    """What happened in one attempt."""

    ended: datetime | None = None  # its agent
    awaited: datetime | None = None  # its turn to merge, first
    handed: bool = False  # reviewed, or given to a person, before that
    verified: list[tuple[datetime, Verified]] = field(default_factory=list)
    gates: list[tuple[datetime, GateAnswered]] = field(default_factory=list)
    review_tokens: int = 0
    review_usd: float | None = 0.0  # None: of one of them it is not known
    merged: tuple[datetime, Merged] | None = None

    def take(self, at: datetime, what: Happening) -> None:
        """Take an event in."""
        match what:
            case AgentEnded():
                self.ended = self.ended or at
            case MergeAwaited():
                self.awaited = self.awaited or at
            case Verified():
                self.verified.append((at, what))
            case GateAnswered():
                self.gates.append((at, what))
            case NoReview() | StatusSet(new=Status.NEEDS_QA):
                self.handed = True
            case ReviewMade():
                self.handed = True
                self.review_tokens += what.tokens
                known = self.review_usd is not None and what.cost_usd is not None
                self.review_usd = (
                    (self.review_usd or 0.0) + (what.cost_usd or 0.0) if known else None
                )
            case Merged():
                self.merged = (at, what)
            case _:
                pass


def gather(attempts: Sequence[Attempt], events: Iterable[Event[Happening]]) -> Evidence:
    """Put it together.

    Args:
        attempts: All of them.
        events: All of them, oldest first.
    """
    conflicts = sum(one.end is End.CONFLICT for one in attempts)
    found = Evidence(conflicts=conflicts)
    courses: dict[int, _Course] = {one.id: _Course() for one in attempts}
    asked: dict[str, datetime] = {}  # by row, when its reviewer was
    rests: dict[str, list[_Rest]] = {}  # by provider
    for event in events:
        what, task = event.what, event.task
        if isinstance(what, RowWaits):
            _Rest.take(rests, event.at, what)
            if what.on == WaitsFor.REVIEWER and task is not None:
                asked[task] = event.at
        course = courses.get(event.attempt) if event.attempt is not None else None
        if course is None or task is None:
            continue
        if isinstance(what, ReviewMade):
            _take_review(found, asked.get(task), event.at, task, what)
        course.take(event.at, what)
    for who, its in rests.items():
        found.limits[who] = [_seconds(one.since, one.until) for one in its]
    for one in attempts:
        _take_attempt(found, one, courses[one.id])
    for course in courses.values():
        _take_delivery(found, course)
    _take_landings(found, courses.values())
    return found


@dataclass(kw_only=True)
class _Rest:
    """A provider took no work for a while, whoever waited for it."""

    since: datetime
    until: datetime

    @classmethod
    def take(cls, rests: dict[str, list[_Rest]], at: datetime, what: RowWaits) -> None:
        """Take in that a row waits for a provider. What waits for one rest tells of that rest once;
        what waits for the answer of the row that asks first thereafter tells of none."""
        if what.on != WaitsFor.PROVIDER or not what.until or not what.who:
            return
        until = datetime.fromisoformat(what.until)
        its = rests.setdefault(what.who, [])
        last = its[-1] if its else None
        if last is not None and at < last.until:
            probes = until - last.until <= PROBE
            last.until = last.until if probes else max(last.until, until)
        elif last is None or until - at > PROBE:
            its.append(cls(since=at, until=until))


def _take_review(
    found: Evidence, asked: datetime | None, at: datetime, task: str, what: ReviewMade
) -> None:
    if asked is not None:
        found.reviewed.append(
            Reviewed(
                task=task,
                reviewer=what.reviewer,
                passed=what.passed,
                seconds=_seconds(asked, at),
                tokens=what.tokens,
                cost_usd=what.cost_usd,
            )
        )


def _take_attempt(found: Evidence, one: Attempt, course: _Course) -> None:
    outcome = one.said or outcome_of(one.end, one.said)
    ended = course.ended or one.ended
    if outcome is None or outcome is Outcome.STOPPED or ended is None:
        return
    found.worked.append(
        Worked(
            task=one.task,
            agent=one.agent,
            outcome=outcome,
            seconds=_seconds(one.started, ended),
            tokens=max(0, one.tokens - course.review_tokens),
            cost_usd=_without(one.cost_usd, course.review_usd),
        )
    )


def _without(usd: float | None, reviews: float | None) -> float | None:
    return None if usd is None or reviews is None else max(0.0, usd - reviews)


def _take_delivery(found: Evidence, course: _Course) -> None:
    turn = course.awaited
    for at, what in course.verified:
        if what.seconds is not None:
            found.steps.setdefault(what.step, []).append(what.seconds)
        if not what.ok:
            (found.branches if turn is None or at < turn else found.squashes).append(False)
    for purpose in ("push", "merge"):
        waited = _waited(course.gates, purpose)
        if waited is not None:
            found.gates.setdefault(purpose, []).append(waited)
    if turn is None:
        return
    found.branches.append(True)
    if course.ended is not None and not course.handed:
        took = _seconds(course.ended, turn) - (_waited(course.gates, "push") or 0.0)
        own = sum(what.seconds or 0.0 for at, what in course.verified if at < turn)
        found.deliveries.append(max(0.0, took - own))


def _take_landings(found: Evidence, courses: Iterable[_Course]) -> None:
    last: datetime | None = None
    landed = [(one.merged, one) for one in courses if one.merged is not None]
    commits: set[str] = set()  # of several rows in one push the first tells
    for (at, what), course in sorted(landed, key=lambda one: one[0][0]):
        found.squashes.append(True)
        if course.awaited is not None and what.commit not in commits:
            begun = course.awaited if last is None else max(course.awaited, last)
            own = sum(one.seconds or 0.0 for when, one in course.verified if begun <= when <= at)
            waited = _waited(course.gates, "merge") or 0.0
            found.landings.append(max(0.0, _seconds(begun, at) - own - waited))
        commits |= {what.commit} if what.together else set()
        last = at


def _waited(gates: Sequence[tuple[datetime, GateAnswered]], purpose: str) -> float | None:
    """How long gates were waited for; None where they were not asked, or never said clear."""
    its = [(at, what) for at, what in gates if what.purpose == purpose]
    if not its or not its[-1][1].clear:
        return None
    return sum(_stretches(its))


def _stretches(its: Sequence[tuple[datetime, GateAnswered]]) -> Iterator[float]:
    since: datetime | None = None
    for at, what in its:
        if not what.clear:
            since = since or at
        elif since is not None:
            yield _seconds(since, at)
            since = None


def _seconds(begin: datetime, end: datetime) -> float:
    return max(0.0, (end - begin).total_seconds())
