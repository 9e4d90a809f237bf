"""One run of a mission on a clock that is not waited for.

Whose turn it is, who may start, what follows from an end, what merges together: asked of the parts
that a real run asks (`begin_in_turn`, `Admission`, `policy.retry`, `policy.tries`, `policy.batch`,
`Ledger`). Only how long things take and how they end is drawn. People answer at once, and are
counted: their time is another matter.
"""

from __future__ import annotations

from random import Random

from forecast import scene as words
from forecast.clockwork import END, PlayedClock
from forecast.door import Door
from forecast.drawing import Draws
from forecast.landing import PlayedQueue
from forecast.played import Played
from forecast.rows import Rows
from forecast.scene import Begun, Course, Reviewing, Scene, Stint
from forecast.setbacks import Setbacks
from mission.outcome import LIMITS, Outcome
from mission.state import Status
from mission.steps import End
from orchestrator.loop.turns import begin_in_turn
from orchestrator.ports.ends import Again, Unreviewed
from policy.batch import StepState
from tasks_md.model import DONE, NOT_STARTED

IN_PROGRESS = Status.IN_PROGRESS.value
_MOST_TURNS = 40  # of a row: beyond that a person would have ended it, and the play does


class Play:
    """Plays a scene once."""

    def __init__(
        self, scene: Scene, dice: Random, rows: Rows | None = None, *, shortcut: bool = False
    ) -> None:
        """
        Args:
            scene: What is played.
            dice: Its luck.
            rows: The scene's, as they are at first; None: a copy of its own.
            shortcut: Nobody is asked while whoever is asked first may start.
        """
        self._scene = scene
        self._random = dice.random
        self._clock = PlayedClock(scene.now)
        self._live = 0
        self._news = True  # something ended, or a row became ready
        self._rows: Rows = scene.ready.copy() if rows is None else rows
        self._begun: set[str] = set()  # rows in progress
        self._setbacks = Setbacks(self._random, repair=scene.checks.repair)
        self._turns: dict[str, int] = {}
        self._rounds: dict[str, int] = {}  # reviews
        # Rows of whose work, as it is now: another agent has passed it; a person has to look, since
        # its agent or its review asks for that; a person has let it.
        self._reviewed_rows, self._asking, self._approved = set[str](), set[str](), set[str]()
        self._bases: dict[str, int] = {}
        self._authors: dict[str, str] = {}
        self._played = Played.of(len(scene.milestones))
        self._door = Door(scene, self._clock, self._random, shortcut=shortcut)
        self._queue = PlayedQueue(
            scene.checks,
            self._random,
            self._clock,
            landed=self._done,
            returned=self._returned,
            waited=self._played.goes_on,
        )
        self._draws = Draws(scene, dice)

    def play(self) -> Played:
        """Let it run to its end."""
        for begun in self._scene.begun:
            self._carry_on(begun)
        clock = self._clock
        while True:
            self._go_on_unhindered()
            if self._news and self._has_room():
                self._news = False
                self._start()
            if clock.time > END:
                break
            if self._door.admission.delays and self._pass_time():
                continue
            if clock.happens:
                clock.go_on()
            elif not self._relieve():
                break
        played = self._played
        played.broken, played.runs = self._door.broken, self._door.runs
        wanted = filter(self._includes, self._scene.courses)
        played.left = tuple(row for row in wanted if row not in played.ends)
        return played

    def _go_on_unhindered(self) -> None:
        """Where what follows can be told without asking everybody: see `QuickPlay`."""

    def _pass_time(self) -> bool:
        """Let the time come at which a row is tried again, if it is the next that happens."""
        if not self._has_room() or not self._door.pass_time():
            return False
        self._played.cause = None
        self._news = True
        return True

    def _relieve(self) -> bool:
        self._news = self._door.relieve(self._rows)
        return self._news

    def _start(self) -> None:
        delays = self._door.admission.delays
        if len(self._rows) or delays:
            begin_in_turn(
                delays,
                (row for row in self._rows if self._includes(row) and row not in delays),
                now=self._clock.now,
                has_room=self._has_room,
                begin=self._begin,
                waits=self._begun.__contains__,
            )

    def _includes(self, row: str) -> bool:
        return self._scene.selected is None or row in self._scene.selected

    def _has_room(self) -> bool:
        return self._live < self._scene.slots

    def _begin(self, task: str, agent: str | None = None) -> None:
        course, admission = self._scene.courses[task], self._door.admission
        chosen = self._door.admits(course.task, agent or course.carrier)
        if chosen is None:
            if task in self._begun and task not in admission.delays:
                self._begun.discard(task)
                self._rows.set(task, NOT_STARTED)
            return
        self._set_begun(task)
        self._live += 1
        reviewer = None if course.review is None else admission.reviewer(task)
        if reviewer is not None and course.review is not None:
            self._review(task, course, course.review, reviewer)
            return
        self._played.begins.setdefault(task, self._clock.time)
        self._played.goes_on(task)
        self._bases[task] = self._queue.moves
        self._turns[task] = self._turns.get(task, 0) + 1
        self._work(task, course, chosen)

    def _work(self, task: str, course: Course, agent: str, elapsed: float = 0.0) -> None:
        """An agent works: draw how long, how much, and how it ends."""
        self._authors[task] = agent
        stint = course.stints[agent]
        self._end_work(task, course, stint, *self._draws.stint(stint, elapsed), self._random())

    def _end_work(
        self, task: str, course: Course, stint: Stint, seconds: float, tokens: float, dice: float
    ) -> None:  # fmt: skip
        """Have it end after these seconds, as the dice have it."""
        agent, after = stint.agent, self._clock.after
        most = self._door.allowance(course.task, agent)
        if most is not None and tokens > most:
            self._use(task, course, stint, most)
            after(seconds * most / tokens, self._over_limit, task, agent)
            return
        if dice < stint.trouble and self._turns.get(task, 0) < _MOST_TURNS:
            outcome = next(one for bound, one in stint.odds if dice < bound)
            if outcome is Outcome.NEEDS_QA:
                self._asking.add(task)
            else:
                part = self._random() if outcome in LIMITS else 1.0
                self._use(task, course, stint, tokens * part)
                after(seconds * part, self._failed, task, course, agent, outcome)
                return
        self._use(task, course, stint, tokens)
        if not course.merges:
            self._played.approvals += task in self._asking
            after(seconds, self._done, task)
            return
        seconds += self._draws.delivery()
        if course.review is None:
            seconds += self._draws.push_wait()
        if self._random() < self._scene.checks.red_branch:
            after(seconds, self._not_good, task, course, agent, End.VERIFICATION)
        else:
            after(seconds, self._verified, task, course, agent)

    def _use(self, task: str, course: Course, stint: Stint, tokens: float) -> None:
        usd = tokens * (stint.usd_per_token or 0.0)
        self._played.tokens[course.milestone] += tokens
        self._played.usd[course.milestone] += usd
        self._door.use(task, tokens, usd)

    def _failed(self, task: str, course: Course, agent: str, outcome: Outcome) -> None:
        again = self._setbacks.failed(course, agent, outcome, now=self._clock.now())
        if again is not None:
            self._end_job(task, agent, End.AS_SAID, said=outcome, again=again)
        else:
            self._by_person(task, agent, outcome)

    def _over_limit(self, task: str, agent: str) -> None:
        """It has used all that its row may use, and was ended: a person lifts that limit."""
        self._by_person(task, agent, Outcome.BUDGET)
        self._door.lift(task)

    def _not_good(self, task: str, course: Course, agent: str, end: End) -> None:
        """Its work does not merge: its agent may get it back."""
        if self._setbacks.not_good(course, agent, end, approved=task in self._approved):
            self._forget(task)
            self._end_job_anew(task, agent, end)
        else:
            self._by_person(task, agent, None)

    def _by_person(self, task: str, agent: str, said: Outcome | None) -> None:
        """Its row waits for a person, who sets it back at once."""
        self._played.decisions += 1
        self._setbacks.set_by_person(task)
        self._rounds.pop(task, None)
        self._forget(task)
        self._end_job_anew(task, agent, End.AS_SAID, said)

    def _forget(self, task: str) -> None:
        """Its work will be another: nobody has seen that yet."""
        for rows in (self._reviewed_rows, self._asking, self._approved):
            rows.discard(task)

    def _end_job_anew(
        self, task: str, agent: str, end: End, said: Outcome | None = None
    ) -> None:  # fmt: skip
        """A job is over, and its row may begin again now."""
        self._end_job(task, agent, end, said=said, again=Again(at=self._clock.now()))

    def _end_job(
        self, task: str, agent: str, end: End | None, *, said: Outcome | None = None,
        again: Again | None = None, unreviewed: Unreviewed | None = None,
    ) -> None:  # fmt: skip
        """A job is over, and its row goes on later."""
        self._live -= 1
        self._news = True
        self._played.cause = task
        self._door.ended(task, agent, end, said=said, again=again, unreviewed=unreviewed)

    def _verified(self, task: str, course: Course, agent: str) -> None:
        review = course.review
        if review is not None and task not in self._reviewed_rows and task not in self._approved:
            wanted = Unreviewed(by=review.by, tokens=review.tokens, at=self._clock.now())
            self._end_job(task, agent, None, unreviewed=wanted)
            return
        self._deliver(task, course)

    def _review(self, task: str, course: Course, review: Reviewing, reviewer: str) -> None:
        stint = review.stints[reviewer]
        seconds, tokens = self._draws.stint(stint)
        self._use(task, course, stint, tokens)
        passed = self._random() < review.passes
        rounds = self._rounds[task] = self._rounds.get(task, 0) + 1
        last = rounds >= review.rounds
        self._clock.after(seconds, self._reviewed, task, course, reviewer, passed, last)

    def _reviewed(
        self, task: str, course: Course, reviewer: str, passed: bool, last: bool
    ) -> None:  # fmt: skip
        self._played.cause = task
        if not passed and not last:
            self._forget(task)
            self._end_job_anew(task, reviewer, End.REVIEW)
            return
        (self._reviewed_rows if passed else self._asking).add(task)
        self._clock.after(self._draws.push_wait(), self._deliver, task, course)

    def _deliver(self, task: str, course: Course) -> None:
        if (course.qa or task in self._asking) and task not in self._approved:
            self._played.approvals += 1
            self._approved.add(task)
        self._queue.add(task, base=self._bases.get(task, -1))

    def _returned(self, task: str, why: StepState) -> None:
        course, agent = self._scene.courses[task], self._authors[task]
        end = End.CONFLICT if why is StepState.CONFLICT else End.VERIFICATION
        if self._turns.get(task, 0) >= _MOST_TURNS:
            self._done(task)
        else:
            self._not_good(task, course, agent, end)

    def _done(self, task: str) -> None:
        self._live -= 1
        self._news = True
        self._played.ends[task] = self._clock.time
        self._played.cause = task
        self._begun.discard(task)
        self._rows.set(task, DONE)
        if not self._door.calm:
            self._door.ended(task, self._authors.get(task), End.SUCCESS, status=Status.DONE)

    def _carry_on(self, begun: Begun) -> None:
        """A row that is under way, or waits for a person."""
        task, course = begun.task, self._scene.courses[begun.task]
        self._set_begun(task)
        self._authors[task] = begun.agent
        self._played.begins[task] = 0.0
        if begun.at in (words.AGAIN, words.DECISION):
            self._played.decisions += begun.at == words.DECISION
            self._door.admission.delays.hold(task, self._clock.now())
            return
        self._live += 1
        self._turns[task] = 1
        if begun.at == words.WORKING:
            self._work(task, course, begun.agent, begun.elapsed)
        elif begun.at == words.FINISHED:
            seconds = self._draws.delivery()
            self._clock.after(seconds, self._verified, task, course, begun.agent)
        else:
            approved = begun.at == words.APPROVAL
            self._played.approvals += approved
            (self._approved if approved else self._reviewed_rows).add(task)
            self._queue.add(task, base=-1)

    def _set_begun(self, task: str) -> None:
        self._begun.add(task)
        self._rows.set(task, IN_PROGRESS)
