"""One run of a mission on a clock that is not waited for.

Whose turn it is, who may start, what follows from an end, what merges together: asked of the parts
that a real run asks (`begin_in_turn`, `Admission`, `policy.retry`, `policy.tries`, `policy.batch`,
`Ledger`). Only how long things take and how they end is drawn. People answer at once, and are
counted: their time is another matter.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from heapq import heappop, heappush
from random import Random

from forecast import scene as words
from forecast.landing import PlayedQueue
from forecast.purse import FullPurse, PlayedPurse
from forecast.scene import Begun, Course, Reviewing, Scene, Stint
from forecast.spread import DRAWS, beyond
from mission.outcome import LIMITS, Outcome
from mission.state import Status
from mission.steps import End
from orchestrator.admission.admission import Admission
from orchestrator.admission.rests import Rests
from orchestrator.attempts.retrying import again_by
from orchestrator.loop.turns import begin_in_turn
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.ends import Again, TaskEnd, Unreviewed
from policy.batch import StepState
from policy.budget import Amount, Scope
from policy.retry import Action, Limit, decide
from policy.tries import history, may_go_back, may_repair, sent_back, tries
from tasks_md.model import DONE, NOT_STARTED, Task

_IN_PROGRESS = Status.IN_PROGRESS.value
_MOST_TURNS = 40  # of a row: beyond that a person would have ended it, and the play does
_END = 3_650 * 86_400.0  # seconds: what is not done in ten years is not done
_A_MOMENT = 1e-6  # seconds: as fine as datetimes are


@dataclass(kw_only=True, slots=True)
class Played:
    """What came of it. Seconds are since the play began."""

    ends: dict[str, float] = field(default_factory=dict)  # by row, when it was done
    begins: dict[str, float] = field(default_factory=dict)  # by row, when it first began
    tokens: list[float]  # by milestone
    usd: list[float]
    # By row, whose ends let it go on: each with a number that grows, and the other row.
    causes: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    approvals: int = 0
    decisions: int = 0  # of rows that a person had to set back
    broken: frozenset[Scope] = frozenset()
    runs: int = 1  # `mission run` that a person typed
    left: tuple[str, ...] = ()  # rows that were not done

    def critical_path(self) -> set[str]:
        """The last row, and whatever let it go on, and so forth: what it waited for, be that a row
        before it, a slot, or its turn to merge."""
        path: set[str] = set()
        row = max(self.ends, key=self.ends.__getitem__, default=None)
        before = sys.maxsize
        while row is not None:
            path.add(row)
            earlier = (one for one in reversed(self.causes.get(row, ())) if one[0] < before)
            before, row = next(earlier, (0, None))
        return path


@dataclass(frozen=True, kw_only=True, slots=True)
class _Try:
    """An attempt that is over, or holds work; as far as `policy.tries` asks."""

    agent: str
    end: End | None = None
    said: Outcome | None = None
    taken_up: bool = False
    approved: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Said:
    """What an agent's attempt came to; as far as `policy.retry` asks."""

    outcome: Outcome
    retry_at: datetime | None = None
    summary: str = ""


class Play:
    """Plays a scene once."""

    def __init__(self, scene: Scene, dice: Random) -> None:
        self._scene = scene
        self._dice = dice
        self._random = dice.random
        self._time = 0.0
        self._number = 0
        self._happens: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._live = 0
        self._news = True  # something ended, or a row became ready
        self._ready = scene.ready.copy()
        self._status: dict[str, str] = {}  # of rows that the play has set
        self._earlier: dict[str, list[_Try]] = {}  # since a person last set the row
        self._turns: dict[str, int] = {}
        self._rounds: dict[str, int] = {}  # reviews
        self._seen: set[str] = set()  # rows whose work was reviewed, or approved
        self._bases: dict[str, int] = {}
        self._authors: dict[str, str] = {}
        self._cause: str | None = None  # the row whose end is taken in
        count = len(scene.milestones)
        self._played = Played(tokens=[0.0] * count, usd=[0.0] * count)
        self._purse = (
            FullPurse()
            if scene.ledger is None
            else PlayedPurse(scene.ledger, scene.amounts, scene.now)
        )
        self._rests = Rests(scene.config)
        self._admission = self._admit()
        self._calm = self._admission.unhindered  # whoever is asked first may start
        self._queue = PlayedQueue(
            scene.checks,
            dice,
            self._after,
            now=lambda: self._time,
            landed=self._done,
            returned=self._returned,
            waited=self._waited,
        )
        everybody = dice.gauss(0.0, 1.0)
        self._factors = [
            (math.exp(pool.time_doubt * common), math.exp(pool.token_doubt * common))
            for pool in scene.pools
            for common in (
                math.sqrt(1 - pool.own) * everybody + math.sqrt(pool.own) * dice.gauss(0.0, 1.0),
            )
        ]

    def play(self) -> Played:
        """Let it run to its end."""
        for agent, until in self._scene.rests.items():
            limit = Limit(outcome=Outcome.RATE_LIMIT, retry_at=until)
            self._rests.begin(agent, limit, now=self._now(), dice=0.0)
            self._calm = False
        for begun in self._scene.begun:
            self._carry_on(begun)
        happens, slots = self._happens, self._scene.slots
        while True:
            if self._news and self._live < slots:
                self._news = False
                self._start()
            if self._time > _END:
                break
            if self._admission.delays and self._pass_time():
                continue
            if happens:
                self._time, _, do, given = heappop(happens)
                do(*given)
            elif not self._relieve():
                break
        played = self._played
        if isinstance(self._purse, PlayedPurse):
            played.broken = frozenset(self._purse.broken)
        played.left = tuple(
            row for row in self._scene.courses if row not in played.ends and self._includes(row)
        )
        return played

    def _pass_time(self) -> bool:
        """Let the time come at which a row is tried again, if it is the next that happens."""
        happens, now = self._happens, self._now()
        left = self._admission.delays.seconds_left(now) if self._has_room() else None
        if left is None or (happens and self._time + left >= happens[0][0]):
            return False
        self._time += left + _A_MOMENT
        self._cause = None
        self._news = True
        return True

    def _relieve(self) -> bool:
        """Nothing goes on by itself. Whether a person, or another day, lets rows start."""
        refused = self._admission.refused
        waiting = [row for row in self._ready if row in refused]
        if not waiting or self._played.runs > _MOST_TURNS:
            return False
        self._played.runs += 1
        if any(one.scope is Scope.PROVIDER for one in refused.values()):
            self._rests = Rests(self._scene.config)
            self._admission = self._admit()
            self._calm = self._admission.unhindered
        elif isinstance(self._purse, PlayedPurse) and not self._purse.relieve(refused):
            now = self._now()
            tomorrow = now.date() + timedelta(days=1)
            midnight = datetime.combine(tomorrow, time(), now.tzinfo)
            self._time += (midnight - now).total_seconds() + _A_MOMENT
        refused.clear()
        self._news = True
        return True

    def _admit(self) -> Admission:
        return Admission(
            self,
            self._purse,
            self._rests,
            self._scene.config,
            display=RecordingDisplay(),
            clock=self,
            dice=self._random,
        )

    def _start(self) -> None:
        if self._live < self._scene.slots and (len(self._ready) or self._admission.delays):
            begin_in_turn(
                self._admission.delays,
                self._in_order(),
                now=self._now,
                has_room=self._has_room,
                begin=self._begin,
                waits=self._is_begun,
            )

    def _is_begun(self, row: str) -> bool:
        return self._status.get(row) == _IN_PROGRESS

    def _in_order(self) -> Iterator[str]:
        if self._scene.selected is None and not self._admission.delays:
            return iter(self._ready)
        delays = self._admission.delays
        return (row for row in self._ready if self._includes(row) and row not in delays)

    def _includes(self, row: str) -> bool:
        return self._scene.selected is None or row in self._scene.selected

    def _has_room(self) -> bool:
        return self._live < self._scene.slots

    def _begin(self, task: str, agent: str | None = None) -> None:
        course, admission = self._scene.courses[task], self._admission
        carrier = agent or course.carrier
        if self._calm:
            chosen: str | None = carrier
        else:
            chosen = admission.admits(course.task, carrier)
        if chosen is None:
            if self._is_begun(task) and task not in admission.delays:
                self._set(task, NOT_STARTED)
            return
        self._set(task, _IN_PROGRESS)
        self._live += 1
        reviewer = None if course.review is None else admission.reviewer(task)
        if reviewer is not None and course.review is not None:
            self._review(task, course, course.review, reviewer)
            return
        self._played.begins.setdefault(task, self._time)
        self._cause_is(task)
        self._bases[task] = self._queue.moves
        self._turns[task] = self._turns.get(task, 0) + 1
        self._work(task, course, chosen)

    def _work(self, task: str, course: Course, agent: str, elapsed: float = 0.0) -> None:
        """An agent works: draw how long, how much, and how it ends."""
        stint, checks = course.stints[agent], self._scene.checks
        self._authors[task] = agent
        seconds, share = self._drawn(stint, course, task, elapsed)
        dice, trouble = self._random(), stint.trouble
        if dice < trouble and self._turns.get(task, 0) < _MOST_TURNS:
            outcome = next(one for bound, one in stint.odds if dice < bound)
            if outcome is Outcome.NEEDS_QA:
                self._played.approvals += 1
                self._seen.add(task)
            else:
                part = self._random() if outcome in LIMITS else 1.0
                self._use(task, course, stint, share * part)
                self._after(seconds * part, self._failed, task, course, agent, outcome)
                return
        self._use(task, course, stint, share)
        if not course.merges:
            self._after(seconds, self._done, task)
            return
        seconds += checks.delivery * checks.deliveries[int(self._random() * DRAWS)]
        if checks.push_waits and course.review is None:
            seconds += checks.push_waits[int(self._random() * len(checks.push_waits))]
        if self._random() < checks.red_branch:
            self._after(seconds, self._not_good, task, course, agent)
        else:
            self._after(seconds, self._verified, task, course, agent)

    def _drawn(
        self, stint: Stint, course: Course, task: str, elapsed: float = 0.0
    ) -> tuple[float, float]:
        """Seconds left, and tokens used: who takes long uses much."""
        slower, more = self._factors[stint.pool]
        middle = stint.seconds * slower
        first = beyond(stint.times, elapsed / middle) if elapsed else 0
        if first == DRAWS:  # longer than anything that was thought of
            place = DRAWS - 1
            left = elapsed * 0.25 * -math.log(1.0 - self._random())
        else:
            place = first + int(self._random() * (DRAWS - first))
            left = middle * stint.times[place] - elapsed
        return left, stint.tokens * more * stint.uses[place]

    def _use(self, task: str, course: Course, stint: Stint, tokens: float) -> None:
        played = self._played
        played.tokens[course.milestone] += tokens
        usd = tokens * (stint.usd_per_token or 0.0)
        played.usd[course.milestone] += usd
        if isinstance(self._purse, PlayedPurse):
            self._purse.use(task, Amount(tokens=int(tokens), cost_usd=usd))

    def _failed(self, task: str, course: Course, agent: str, outcome: Outcome) -> None:
        stint, now = course.stints[agent], self._now()
        earlier = self._earlier.setdefault(task, [])
        until = None
        if outcome in LIMITS and stint.limits:
            seconds = stint.limits[int(self._random() * len(stint.limits))]
            until = now + timedelta(seconds=seconds)
        led_up = history(
            tries(earlier),
            outcome,
            most=stint.tries - sent_back(earlier),
            fallback=stint.fallback,
        )
        decision = decide(
            _Said(outcome=outcome, retry_at=until), led_up, now=now, dice=self._random()
        )
        earlier.append(_Try(agent=agent, end=End.AS_SAID, said=outcome))
        again = again_by(decision, None if agent == course.carrier else agent, now=now)
        if again is None or decision.action is Action.RELEASE:
            self._by_person(task, agent, outcome)
            return
        self._end_job(task, agent, End.AS_SAID, said=outcome, again=again)

    def _not_good(self, task: str, course: Course, agent: str) -> None:
        """A verification of its work failed: its agent may get it back."""
        self._back_or_person(task, course, agent, End.VERIFICATION)

    def _back_or_person(self, task: str, course: Course, agent: str, end: End) -> None:
        earlier = self._earlier.setdefault(task, [])
        this = _Try(agent=agent, end=end, approved=task in self._seen)
        if end is End.CONFLICT:
            back = self._scene.checks.repair and may_repair(this, earlier)
        else:
            back = may_go_back(this, earlier, end, most=course.stints[agent].tries)
        earlier.append(this)
        if back:
            self._end_job(task, agent, end, again=Again(at=self._now()))
        else:
            self._by_person(task, agent, None)

    def _by_person(self, task: str, agent: str, said: Outcome | None) -> None:
        """Its row waits for a person, who sets it back at once: its tries are counted anew."""
        self._played.decisions += 1
        self._earlier[task] = []
        self._end_job(task, agent, End.AS_SAID, said=said, again=Again(at=self._now()))

    def _end_job(
        self,
        task: str,
        agent: str | None,
        end: End | None,
        *,
        said: Outcome | None = None,
        again: Again | None = None,
        unreviewed: Unreviewed | None = None,
    ) -> None:
        """A job is over, and its row goes on later."""
        self._live -= 1
        self._news = True
        self._cause = task
        told = TaskEnd(
            task=task,
            attempt=0,
            status=None,
            end=end,
            said=said,
            again=again,
            unreviewed=unreviewed,
        )
        self._admission.ended(told, agent)
        self._calm = self._admission.unhindered

    def _verified(self, task: str, course: Course, agent: str) -> None:
        review = course.review
        if review is not None and task not in self._seen:
            wanted = Unreviewed(by=review.by, tokens=review.tokens, at=self._now())
            self._end_job(task, agent, None, unreviewed=wanted)
            return
        self._deliver(task, course)

    def _review(self, task: str, course: Course, review: Reviewing, reviewer: str) -> None:
        stint = review.stints[reviewer]
        seconds, tokens = self._drawn(stint, course, task)
        self._use(task, course, stint, tokens)
        passed = self._random() < review.passes
        rounds = self._rounds[task] = self._rounds.get(task, 0) + 1
        last = rounds >= review.rounds
        self._after(seconds, self._reviewed, task, course, reviewer, passed, last)

    def _reviewed(
        self,
        task: str,
        course: Course,
        reviewer: str,
        passed: bool,
        last: bool,
    ) -> None:
        self._cause = task
        if not passed and not last:
            self._end_job(task, reviewer, End.REVIEW, again=Again(at=self._now()))
            return
        if not passed:
            self._played.approvals += 1
        self._seen.add(task)
        waits = self._scene.checks.push_waits
        wait = waits[int(self._random() * len(waits))] if waits else 0.0
        self._after(wait, self._deliver, task, course)

    def _deliver(self, task: str, course: Course) -> None:
        if course.qa and task not in self._seen:
            self._played.approvals += 1
            self._seen.add(task)
        self._queue.add(task, base=self._bases.get(task, -1))

    def _returned(self, task: str, why: StepState) -> None:
        course, agent = self._scene.courses[task], self._authors[task]
        end = End.CONFLICT if why is StepState.CONFLICT else End.VERIFICATION
        if self._turns.get(task, 0) >= _MOST_TURNS:
            self._done(task)
        else:
            self._back_or_person(task, course, agent, end)

    def _done(self, task: str) -> None:
        self._live -= 1
        self._news = True
        self._played.ends[task] = self._time
        self._cause = task
        self._set(task, DONE)
        if not self._calm:
            told = TaskEnd(task=task, attempt=0, status=Status.DONE, end=End.SUCCESS)
            self._admission.ended(told, self._authors.get(task))
            self._calm = self._admission.unhindered

    def _waited(self, task: str) -> None:
        self._cause_is(task)

    def _cause_is(self, task: str) -> None:
        if self._cause is not None and self._cause != task:
            self._number += 1
            self._played.causes.setdefault(task, []).append((self._number, self._cause))

    def _carry_on(self, begun: Begun) -> None:
        """A row that is under way, or waits for a person."""
        task = begun.task
        course = self._scene.courses[task]
        self._set(task, _IN_PROGRESS)
        self._authors[task] = begun.agent
        self._played.begins[task] = 0.0
        if begun.at in (words.AGAIN, words.DECISION):
            self._played.decisions += begun.at == words.DECISION
            self._admission.delays.hold(task, self._now())
            return
        self._live += 1
        self._turns[task] = 1
        if begun.at == words.WORKING:
            self._work(task, course, begun.agent, begun.elapsed)
        elif begun.at == words.FINISHED:
            checks = self._scene.checks
            seconds = checks.delivery * checks.deliveries[int(self._random() * DRAWS)]
            self._after(seconds, self._verified, task, course, begun.agent)
        else:
            self._played.approvals += begun.at == words.APPROVAL
            self._seen.add(task)
            self._queue.add(task, base=-1)

    def _set(self, task: str, status: str) -> None:
        self._status[task] = status
        self._ready.set(task, status)

    def _after(self, seconds: float, do: Callable[..., None], *given: object) -> None:
        self._number += 1
        heappush(self._happens, (self._time + seconds, self._number, do, given))

    def _now(self) -> datetime:
        return self._scene.now + timedelta(seconds=min(self._time, 2 * _END))

    # The clock, and who carries rows out, as admission wants them.

    def now(self) -> datetime:
        """The played time of day."""
        return self._now()

    def monotonic(self) -> float:
        """Played seconds."""
        return self._time

    def boottime(self) -> float:
        """Played seconds."""
        return self._time

    def carrier(self, task: Task) -> str:
        """Who carries a row out."""
        return self._scene.courses[task.id].carrier
