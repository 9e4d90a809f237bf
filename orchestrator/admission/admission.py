"""Whether a row may start now: its provider may rest, its budget may be used up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from mission.clock import SYSTEM_CLOCK, Clock
from mission.config import MissionConfig
from mission.journal import Attempt
from mission.journal.database import to_text
from mission.journal.kinds import RowWaits
from mission.steps import outcome_of
from mission.waits import WaitsFor
from orchestrator.admission.delays import Delays
from orchestrator.admission.rests import GO_ON, Rests, is_operation, line_up
from orchestrator.ports.assignment import Metered
from orchestrator.ports.display import Display
from orchestrator.ports.ends import TaskEnd, Unreviewed
from policy.backoff import Chance, system_chance
from policy.budget import Refusal, Scope
from tasks_md.model import Task


class Carriers(Protocol):
    """Knows who carries rows out."""

    def carrier(self, task: Task) -> str:
        """Who would carry a row out."""


class Start(Protocol):
    """Makes an attempt."""

    def __call__(self, task: Task, *, agent: str) -> Attempt:
        """A new attempt at `task`, journalled."""


class Purse(Protocol):
    """Sets money and tokens aside, and books what was spent."""

    @property
    def limited(self) -> bool:
        """Whether anything may be refused."""

    def reserve(
        self, task: Task, agent: str, now: datetime, *, review: int | None = None
    ) -> Refusal | None:
        """Set the row's estimate aside, or that of its review in tokens; why not, if so."""

    def release(self, task: str) -> None:
        """Free what was set aside for a row that does not start after all."""

    def settle(self, task: str, attempt: int, now: datetime) -> None:
        """Book what an attempt used, and free what was set aside."""

    def token_limit(self, task: Task, agent: str) -> int | None:
        """How many tokens an attempt at the row may use; None where no limit says so."""

    def meter(self, attempt: Attempt) -> Metered:
        """What is to be told all that an attempt has used, as that grows."""


class Admission:
    """Rows that wait for a time or for money, and why. Reviews are admitted like attempts."""

    def __init__(
        self,
        carriers: Carriers,
        budget: Purse,
        rests: Rests,
        config: MissionConfig,
        *,
        display: Display,
        clock: Clock = SYSTEM_CLOCK,
        dice: Chance = system_chance,
        until: datetime | None = None,
    ) -> None:
        """`until`: wait at least so long for rows that may still come."""
        self._carriers = carriers
        self._rests = rests
        self._config = config
        self._display = display
        self._clock = clock
        self._dice = dice
        self._budget = budget
        self._told: set[str] = set()  # rows whose refusal was said
        self._unreviewed: dict[str, Unreviewed] = {}  # finished work that waits for its review
        self._reviewers: dict[str, str] = {}  # by row, who may review its work
        self._behind: dict[str, str] = {}  # by row, the provider that it waits for
        self._own: dict[str, dict[str, datetime]] = {}  # by row, agents that it may not ask before
        self._lines: dict[str, tuple[str, ...]] = {}  # by agent, with who stands in for it
        self.delays = Delays(until)
        self.refused: dict[str, Refusal] = {}  # rows that a limit keeps from starting

    @property
    def unhindered(self) -> bool:
        """Whether whoever is asked first may start: no provider rests, no limit is set, and no
        finished work waits for its review. Asking, or an end that meets no limit, changes nothing
        here then but the rows that are delayed."""
        hinders = self._rests or self._own or self._unreviewed or self._behind
        return not (hinders or self._budget.limited)

    def ended(self, end: TaskEnd, asked: str | None) -> TaskEnd:
        """A job is over: book it, and note when its row is tried again.

        Args:
            asked: The agent that was at work in it, if one was.

        Returns:
            The end with the time at which its row is tried again, as far as that is known.
        """
        now = self._clock.now()
        self._budget.settle(end.task, end.attempt, now)
        self.refused.clear()
        until = self._note(end, asked, now) if asked is not None else None
        waits, again = end.unreviewed, end.again
        if waits is not None:
            self._unreviewed[end.task] = waits
            self.delays.hold(end.task, waits.at if until is None else now)
            return end if until is None else replace(end, unreviewed=replace(waits, at=until))
        if again is not None:
            # Looked at right away where its provider rests: somebody may stand in.
            self.delays.hold(end.task, again.at if until is None else now, again.agent)
            return end if until is None else replace(end, again=replace(again, at=until))
        return end

    def _note(self, end: TaskEnd, asked: str, now: datetime) -> datetime | None:
        """Note what the end says of the provider that was asked, and when the row may ask again
        if that rests now."""
        rests, later = self._rests, end.unreviewed or end.again
        rests.left(asked, end.task)
        self._own.pop(end.task, None)
        self.delays.hurry(self._behind, now)
        if later is None or later.limit is None:
            rests.answered(asked, outcome_of(end.end, end.said))
            return None
        until = rests.begin(asked, later.limit, now=now, dice=self._dice())
        # Not after the rest's end, though its own chance may say so: who met it comes first.
        self._own[end.task] = {asked: min(until, later.at)}
        return until

    def to_review(self, task: str) -> bool:
        """Whether the row's work is finished and waits for its review."""
        return task in self._unreviewed

    def forget_review(self, task: str) -> None:
        """The row's work is not wanted any more: no review of it is to be made."""
        self._unreviewed.pop(task, None)

    def admits(self, row: Task, agent: str) -> str | None:
        """Who may start with the row now: `agent`, or who stands in for it while its provider
        rests, or who reviews it if its work is finished; None if nobody may. What that is expected
        to cost is set aside.

        Raises:
            AgentError: One of these agents is not configured.
        """
        now = self._clock.now()
        waits = self._unreviewed.get(row.id)
        names = waits.by if waits is not None else self._line_up(agent)
        self._behind.pop(row.id, None)
        gave_up = self._rests.given_up(names)
        if gave_up:
            self._refuse(row, _not_taken(row, gave_up))
            return None
        chosen, until = self._rests.first_at_work(names, now, self._own.get(row.id))
        if until is not None:
            routed = waits is not None or agent == self._carriers.carrier(row)
            self.delays.hold(row.id, until, None if routed else agent)
            self._behind[row.id] = self._rests.provider(chosen)
            return None
        tokens = waits.tokens if waits is not None else None
        refusal = self._budget.reserve(row, chosen, now, review=tokens)
        if refusal is not None:
            self._refuse(row, refusal)
            return None
        if waits is not None:
            del self._unreviewed[row.id]
            self._reviewers[row.id] = chosen
        self._rests.asked(chosen, row.id, now)
        return chosen

    def _line_up(self, agent: str) -> tuple[str, ...]:
        if agent not in self._lines:
            self._lines[agent] = line_up(agent, self._config)
        return self._lines[agent]

    def begin(self, row: Task, agent: str, start: Start) -> Attempt:
        """Journal a new attempt of who was admitted.

        Raises:
            MissionError: As `start` raises it. What was set aside is free again.
        """
        try:
            return start(row, agent=agent)
        except BaseException:
            self._budget.release(row.id)  # else it would be missing for other rows
            self._rests.left(agent, row.id)
            raise

    def reviewer(self, task: str) -> str | None:
        """Who was admitted to review the row's work; told once."""
        return self._reviewers.pop(task, None)

    def waits(self) -> dict[str, RowWaits]:
        """What rows wait for, for those who look on."""
        told = {task: self._wait(task, at) for task, at in self.delays.times().items()}
        for task, refusal in self.refused.items():
            provider = refusal.scope is Scope.PROVIDER
            told[task] = RowWaits(
                on=WaitsFor.PROVIDER if provider else WaitsFor.BUDGET,
                why=f"{refusal.message}. {refusal.hint}",
                who=refusal.scope.value,
            )
        return told

    def _wait(self, task: str, at: datetime) -> RowWaits:
        until, waits, provider = to_text(at), self._unreviewed.get(task), self._behind.get(task)
        if provider is not None:
            why = f"{provider} takes no work"
            return RowWaits(on=WaitsFor.PROVIDER, why=why, who=provider, until=until)
        if waits is not None:
            by = " or ".join(waits.by)
            return RowWaits(on=WaitsFor.REVIEWER, why=f"its review by {by}", who=by, until=until)
        return RowWaits(on=WaitsFor.RETRY, why="its next try", until=until)

    def clock_set(self, by: timedelta) -> None:
        """The machine's time of day was set: who waits for a time waits no longer for that."""
        self.delays.clock_set(by)
        self._rests.clock_set(by)
        for own in self._own.values():
            own.update({agent: at + min(by, timedelta()) for agent, at in own.items()})

    def token_limit(self, row: Task, agent: str) -> int | None:
        """How many tokens an attempt by `agent` may use; None where no limit says so, and for an
        operation, which uses none."""
        return None if is_operation(agent) else self._budget.token_limit(row, agent)

    def meter(self, attempt: Attempt) -> Metered:
        """What is to be told all that an attempt and its reviews have used, as that grows."""
        return self._budget.meter(attempt)

    def _refuse(self, row: Task, refusal: Refusal) -> None:
        self.refused[row.id] = refusal
        if refusal.final and row.id not in self._told:
            self._told.add(row.id)
            self._display.say(f"{refusal.message}. {refusal.hint}")


def _not_taken(row: Task, why: str) -> Refusal:
    return Refusal(
        scope=Scope.PROVIDER,
        task=row.id,
        final=True,
        message=f"{row.id} stays as it was: {why}",
        hint=GO_ON,
    )
