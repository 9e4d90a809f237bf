"""Looks on at a mission, and has people told what happens. A process of its own, beside the run.

It holds nothing that a run needs: no lock of the mission, no claim, no repository. So a run that is
killed does not take it along, and it tells that.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from errors import MissionError
from mission.clock import SYSTEM_CLOCK, Clock
from mission.config import MissionConfig
from mission.journal import Journal
from mission.journal.kinds import FinishExpected, Told
from mission.notices import Notice, NoticeKind
from mission.place import Place
from notifiers.protocol import Outgoing
from orchestrator.claiming.memory import signed_at
from orchestrator.notifying.noting import lives, note
from policy.notifying.noticing import new, notices
from policy.notifying.sending import (
    Message,
    MessageState,
    Next,
    Receiver,
    Rules,
    message,
    next_step,
)
from policy.notifying.slipping import is_expected_anew, slipped
from service.notifying.composing import outgoing
from service.notifying.daily import daily_digest
from service.notifying.expecting import expected_finish
from service.notifying.outbox import Ended, Outbox
from service.notifying.plan_seen import PlanSeen
from service.notifying.reading import Heard, catch_up, hear
from service.notifying.settings import receivers_of, rules_of
from service.sources import journal_version

_LOOK_EVERY = 1.0  # seconds
_EXPECT_EVERY = 600.0  # seconds: it takes a part of one
_AT_LEAST_EVERY = 30.0  # seconds: gates that cannot find out say nothing new, and time passes
_REST = 9.0  # times as long as a look took it rests: of a large mission one takes seconds
_PLAN_AWAY = (
    60.0  # seconds after the end of the run for which a plan that nobody can read is awaited
)
_BEYOND_SIGNS = timedelta(seconds=10)


@dataclass(kw_only=True)
class Watcher:
    """Makes notices of what the journal says, and messages of notices."""

    place: Place
    config: MissionConfig
    journal: Journal  # of its own, open for writing
    outbox: Outbox
    redact: Callable[[str], str]
    run: int | None = None  # it leaves when this run is over, and all is told; None: it stays
    changed: Callable[[], bool] = lambda: False  # whether other settings count: then it leaves
    clock: Clock = SYSTEM_CLOCK
    finish: Callable[[Place], datetime | None] = expected_finish  # of the mission, if it is known
    _expects_at: float = 0.0  # by the monotonic clock: when the forecast is looked at next
    _heard: Heard | None = None
    _version: object | None = None
    _looked: float = 0.0  # by the monotonic clock
    _looks_at: float = 0.0  # by the monotonic clock: not before that
    _holds: frozenset[str] = frozenset()  # the keys of what was so at the last look
    # Noted and not yet sent: when, and when it goes out at the latest, by the monotonic clock.
    _held: dict[str, tuple[Message, datetime, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._plan = PlanSeen(place=self.place)

    def watch(self) -> None:
        """Look on until the run is over and everybody was told, or given up; or until other
        settings count, and nothing is under way.

        Raises:
            MissionError: The run is over, and its plan cannot be read.
        """
        self._await_plan()
        stale = False
        while self.place.journal_file.exists():
            heard = self._look()
            over = self.run is not None and self._is_over(heard, self.run)
            if not over:
                heard = self._expect(heard)
            steps = {one.name: self._step(one, heard) for one in self._receivers(heard)}
            idle = all(step.idle for step in steps.values())
            at_rest = self.outbox.empty and not self._held
            if over and at_rest and (idle or self._is_another_at_work(heard)):
                return
            stale = stale or self.changed()
            if stale and at_rest:
                return
            for ended in self.outbox.ended(_LOOK_EVERY):
                self._note_end(ended)

    def _receivers(self, heard: Heard) -> list[Receiver]:
        return list(receivers_of(self.config.notify, heard.since))

    def _await_plan(self) -> None:
        """Wait until the plan could be read once: a person is at it, perhaps."""
        over_since = None
        while self._plan.look() is None and self.place.journal_file.exists():
            run = next((one for one in self.journal.runs() if one.id == self.run), None)
            if run is not None and run.ended is None and lives(run):
                over_since = None
            elif self.run is not None:
                over_since = over_since or self.clock.monotonic()
                if self._plan.wrong and self.clock.monotonic() - over_since > _PLAN_AWAY:
                    raise self._plan.wrong
            self.outbox.ended(_LOOK_EVERY)  # nothing is under way

    def _look(self) -> Heard:
        """What is known by now, with what is new noted."""
        began = self.clock.monotonic()
        if self._heard is not None and not self._is_due(began):
            return self._heard
        self._version, self._looked = self._version_now(), began
        self._plan.look()
        heard = self._hear()
        news = self._news(heard)
        if news:
            note(self.journal, news)
            heard = catch_up(self.journal, heard)
        self._heard = heard
        took = self.clock.monotonic() - began
        self._looks_at = began + took + min(_REST * took, _AT_LEAST_EVERY)
        return heard

    def _is_due(self, now: float) -> bool:
        if now < self._looks_at:
            return False
        version = self._version_now()
        fresh = version is not None and version == self._version and not self._has_died()
        return not fresh or now - self._looked >= _AT_LEAST_EVERY

    def _version_now(self) -> object | None:
        """What differs when journal or plan do; None where that cannot be told yet."""
        journal = journal_version(self.place)
        return None if journal is None else (journal, self._plan.version())

    def _has_died(self) -> bool:
        """Whether a run that was at work is no more: the journal does not tell that."""
        seen = None if self._heard is None else self._heard.seen
        at_work = [one for one in seen.runs if one.run.ended is None] if seen is not None else []
        return any(one.alive and not lives(one.run) for one in at_work)

    def _hear(self) -> Heard:
        if self._plan.plan is None:
            raise AssertionError("the plan is read first")
        now = self.clock.now()
        return hear(self.journal, self._plan.plan, self.config, now, self._heard)

    def _news(self, heard: Heard) -> list[Notice]:
        if heard.seen is None:
            return []
        now, after = self.clock.now(), self.config.notify.gate_after
        its = list(notices(heard.seen, now, gate_after=after))
        self._holds = frozenset(one.key for one in its)
        found = new(its, heard.keys)
        with suppress(MissionError):  # as the plan is being edited: it is due at the next look, too
            found += daily_digest(self.place, self.config.notify, heard, now)
        return found

    def _expect(self, heard: Heard) -> Heard:
        """Look at the forecast, now and then while a run is at work, and note what is new of it."""
        now, alive = self.clock.monotonic(), self._is_at_work(heard)
        wanted = any(NoticeKind.SLIPPED in one.kinds for one in self._receivers(heard))
        if not (alive and wanted) or now < self._expects_at:
            return heard
        self._expects_at = now + _EXPECT_EVERY
        finish, by = self.finish(self.place), self.config.notify.slipped
        if finish is None or not is_expected_anew(heard.expected, finish, by):
            return heard
        notice = slipped(heard.expected, finish, by)
        with self.journal.together():
            if notice is not None:
                note(self.journal, [notice])
            self.journal.record(FinishExpected(p80=finish.isoformat(timespec="seconds")))
        heard = self._heard = replace(catch_up(self.journal, heard), expected=finish)
        return heard

    def _is_at_work(self, heard: Heard) -> bool:
        seen = [] if heard.seen is None else heard.seen.runs
        return any(one.alive and one.run.ended is None for one in seen)

    def _step(self, receiver: Receiver, heard: Heard) -> Next:
        """Do what is to be done for a receiver; what that was."""
        name, now = receiver.name, self.clock.now()
        if name in self._held:
            self._send_if_carried(name, heard)
            return Next(wait=now)
        step = next_step(
            receiver,
            heard.noticed,
            heard.sent_to(name),
            now,
            rules=self._rules(heard),
            holds=self._holds,
        )
        if step.over:
            self._note(message(name, step.over), MessageState.OVER)
        if step.give_up is not None:
            self._note(step.give_up, MessageState.GIVEN_UP, why=self._last_why(step.give_up))
        if step.send is not None and not self.outbox.busy(name):
            self._begin(step.send, heard)
        elif step.send is not None and self.outbox.hangs(name):
            self._note_hanging(step.send, heard)
        return step

    def _rules(self, heard: Heard) -> Rules:
        """What comes behind an end is not waited for: what ran it may end with it."""
        rules = rules_of(self.config.notify)
        over = self.run is not None and self._is_over(heard, self.run)
        return replace(rules, together=timedelta(0)) if over else rules

    def _note_hanging(self, what: Message, heard: Heard) -> None:
        """Nothing goes out before the last try has ended. That counts as one that failed, so that
        it is shown, and given up in the end."""
        if what.id not in {one.id for one in heard.sent_to(what.to)}:
            self._note(what, MessageState.SENDING)
        tried = replace(what, tries=what.tries + 1)
        self._note(tried, MessageState.FAILED, why="the last try still hangs")

    def _begin(self, what: Message, heard: Heard) -> None:
        """Note that it goes out, and send it once other clones can know that."""
        noted = next((one for one in heard.sent_to(what.to) if one.id == what.id), None)
        at = self.clock.now()
        if noted is not None and noted.state == MessageState.SENDING:
            at = noted.at
        else:
            self._note(what, MessageState.SENDING)
        claim = self.config.claim
        patience = timedelta() if claim is None else 2 * claim.sign + _BEYOND_SIGNS
        until = self.clock.monotonic() + patience.total_seconds()
        self._held[what.to] = (what, at, until)
        self._send_if_carried(what.to, heard)

    def _send_if_carried(self, to: str, heard: Heard) -> None:
        what, at, until = self._held[to]
        if self.clock.monotonic() < until and not self._is_carried(at, heard):
            return
        del self._held[to]
        self.outbox.send(to, self.outgoing(what))

    def _is_carried(self, at: datetime, heard: Heard) -> bool:
        """Whether a clone that goes on in place of this one would know of what was noted `at`.
        While no run here gives signs, or the remote is away, it is not waited for."""
        claim, signed = self.config.claim, signed_at(self.place.state_dir)
        if claim is None or signed is None or signed >= at:
            return True
        return not self._is_at_work(heard)

    def outgoing(self, what: Message) -> Outgoing:
        """A message in words, without secrets."""
        mission = self.redact(self._plan.plan.mission) if self._plan.plan is not None else ""
        return outgoing(what, mission, self.place, self.config, self.clock.now(), self.redact)

    def _note_end(self, ended: Ended) -> None:
        heard = self._heard if self._heard is not None else self._hear()
        noted = next(one for one in heard.sent_to(ended.to) if one.id == ended.id)
        if ended.late and ended.why:
            return  # that it failed is noted
        its = {one.key: one for one in heard.noticed}
        what = Message(
            id=ended.id,
            to=ended.to,
            notices=tuple(its[key] for key in noted.keys if key in its),
            tries=noted.tries if ended.late else noted.tries + 1,
        )
        why = ". ".join(filter(None, (ended.why, ended.hint)))
        self._note(what, MessageState.FAILED if why else MessageState.SENT, why=why)

    def _note(self, what: Message, state: MessageState, *, why: str = "") -> None:
        tasks = {one.task for one in what.notices}
        told = Told(
            message=what.id,
            to=what.to,
            notices=what.keys,
            state=state.value,
            why=why,
            tries=what.tries,
        )
        self.journal.record(told, task=tasks.pop() if len(tasks) == 1 else None)
        self._version = None  # look again: it was written in the same tick, perhaps
        if self._heard is not None:
            self._heard = catch_up(self.journal, self._heard)

    def _last_why(self, what: Message) -> str:
        """Why the last try of a message failed."""
        events = self.journal.events(Told)
        its = [one.what for one in events if (one.what.message, one.what.to) == (what.id, what.to)]
        return next((one.why for one in reversed(its) if one.why), "")

    def _is_over(self, heard: Heard, run: int) -> bool:
        its = [] if heard.seen is None else heard.seen.runs
        mine = next((one for one in its if one.run.id == run), None)
        return mine is None or mine.run.ended is not None or not mine.alive

    def _is_another_at_work(self, heard: Heard) -> bool:
        """Whether a later run has people told: it has a watcher of its own, who goes on."""
        return bool(heard.runs) and heard.runs[-1].id != self.run
