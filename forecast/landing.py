"""The merge queue on a clock that is not waited for: `policy.batch` decides, draws take the place
of squashing, verifying and gates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from forecast.scene import Checks
from forecast.spread import DRAWS
from policy.batch import Land, Return, Step, StepResult, Steps, StepState, Verify, batch_steps

At = Callable[[float, Callable[[], None]], None]  # has something done so many seconds from now
_GREEN = StepResult(state=StepState.GREEN)
_RED = StepResult(state=StepState.RED)


@dataclass(kw_only=True, slots=True)
class _Round:
    """One batch on its way."""

    items: tuple[str, ...]
    plan: Steps
    verified: float | None  # when it is, where it began while the one before it landed
    answer: StepResult | None = None  # what came of the last step

    def next(self) -> Step | None:
        """The next step; None: there is none."""
        try:
            return self.plan.send(self.answer)
        except StopIteration:
            return None


class PlayedQueue:
    """One merge at a time; what waits meanwhile is the next batch."""

    def __init__(
        self,
        checks: Checks,
        dice: Random,
        at: At,
        *,
        now: Callable[[], float],
        landed: Callable[[str], None],
        returned: Callable[[str, StepState], None],
        waited: Callable[[str], None],
    ) -> None:
        """
        Args:
            at: Has something done later.
            now: Seconds since the play began.
            landed: Told of each row that is on the base.
            returned: Told of each that is not, and why.
            waited: Told of each row that begins to merge only now that others have landed.
        """
        self._checks = checks
        self._random = dice.random
        self._at = at
        self._now = now
        self._landed = landed
        self._returned = returned
        self._waited = waited
        self._waiting: list[str] = []
        self._ahead: tuple[tuple[str, ...], float] | None = None  # verified by then
        self._faults: dict[str, StepState] = {}  # rows that do not land as they are
        self._bases: dict[str, int] = {}  # by row, how often the base had moved when it began
        self._busy = False
        self.moves = 0  # of the base

    def add(self, task: str, *, base: int) -> None:
        """Finished work. `base`: how often the base had moved when the row began."""
        dice, checks = self._random(), self._checks
        if dice < checks.conflict:
            self._faults[task] = StepState.CONFLICT
        elif dice < checks.conflict + checks.red_merge:
            self._faults[task] = StepState.RED
        self._bases[task] = base
        self._waiting.append(task)
        if not self._busy:
            self._round()

    def _round(self) -> None:
        """Take the next batch, if there is one."""
        verified: float | None = None
        if self._ahead is not None:
            (items, verified), self._ahead = self._ahead, None
        else:
            items = self._take()
        self._busy = bool(items)
        if items:
            plan = batch_steps(items, size=len(items), repeat_red=self._checks.repeat_red)
            self._go_on(_Round(items=items, plan=plan, verified=verified))

    def _go_on(self, batch: _Round) -> None:
        """Do what comes next, up to what takes time."""
        while (step := batch.next()) is not None:
            if isinstance(step, Land):
                if len(step.items) == len(batch.items):
                    self._verify_ahead()
                batch.answer = _GREEN
                self._at(self._landing(len(step.items)), partial(self._land, batch, step))
                return
            if isinstance(step, Return):
                self._returned(step.item, self._faults.pop(step.item))
                batch.answer = None
                continue
            seconds = self._verifying(step.items)
            if batch.verified is not None:  # while the one before it landed
                seconds, batch.verified = max(0.0, batch.verified - self._now()), None
            batch.answer = self._answer(step)
            if seconds:
                self._at(seconds, partial(self._go_on, batch))
                return
        for task in self._ahead[0] if self._ahead is not None else self._next():
            self._waited(task)
        self._round()

    def _land(self, batch: _Round, step: Land) -> None:
        self.moves += 1
        for item in step.items:
            self._landed(item)
        self._go_on(batch)

    def _next(self) -> tuple[str, ...]:
        return tuple(self._waiting[: self._checks.size])

    def _take(self) -> tuple[str, ...]:
        taken = self._next()
        self._waiting = self._waiting[len(taken) :]
        return taken

    def _answer(self, step: Verify) -> StepResult:
        faults = self._faults
        for item in step.items:
            if faults.get(item) is StepState.CONFLICT:
                return StepResult(state=StepState.CONFLICT, item=item)
        return _RED if any(item in faults for item in step.items) else _GREEN

    def _verifying(self, items: tuple[str, ...]) -> float:
        checks = self._checks
        still = len(items) == 1 and self._bases[items[0]] == self.moves
        middle = checks.squash_still if still else checks.squash
        return middle * checks.squashes[int(self._random() * DRAWS)] if middle else 0.0

    def _landing(self, count: int) -> float:
        checks, waits = self._checks, self._checks.merge_waits
        seconds = checks.landing * checks.landings[int(self._random() * DRAWS)]
        if waits:
            dice = self._random
            seconds += max(waits[int(dice() * len(waits))] for _ in range(count))
        return seconds

    def _verify_ahead(self) -> None:
        if self._checks.ahead and self._ahead is None and self._waiting:
            items = self._take()
            self._ahead = items, self._now() + self._verifying(items)
