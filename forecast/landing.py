"""The merge queue on a clock that is not waited for: `policy.batch` decides, draws take the place
of squashing, verifying and gates."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from forecast.clockwork import PlayedClock
from forecast.scene import Checks
from forecast.spread import DRAWS
from policy.batch import Land, Return, Step, StepResult, Steps, StepState, Verify, batch_steps

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
        chance: Callable[[], float],
        clock: PlayedClock,
        *,
        landed: Callable[[str], None],
        returned: Callable[[str, StepState], None],
        waited: Callable[[str], None],
    ) -> None:
        """
        Args:
            checks: What stands before the base.
            chance: From 0 up to 1.
            clock: The play's.
            landed: Told of each row that is on the base.
            returned: Told of each that is not, and why.
            waited: Told of each row that begins to merge only now that others have landed.
        """
        self._checks = checks
        self._random = chance
        self._clock = clock
        self._landed = landed
        self._returned = returned
        self._waited = waited
        self._waiting: list[tuple[str, float]] = []  # since when
        self._ahead: tuple[tuple[str, ...], float] | None = None  # verified by then
        self._faults: dict[str, StepState] = {}  # rows that do not land as they are
        self._bases: dict[str, int] = {}  # by row, how often the base had moved when it began
        self._busy = False
        self._one_by_one = checks.size == 1
        self.moves = 0  # of the base

    def add(self, task: str, *, base: int) -> None:
        """Finished work. `base`: how often the base had moved when the row began."""
        dice, checks = self._random(), self._checks
        if dice < checks.conflict:
            self._faults[task] = StepState.CONFLICT
        elif dice < checks.conflict + checks.red_merge:
            self._faults[task] = StepState.RED
        self._bases[task] = base
        self._waiting.append((task, self._clock.time))
        if not self._busy:
            self._round()

    def _round(self) -> None:
        """Take the next batch, if there is one."""
        ahead, waiting, faults = self._ahead, self._waiting, self._faults
        verified: float | None = None
        if ahead is not None:
            items, verified = ahead
            self._ahead = None
        elif not waiting:
            self._busy = False
            return
        elif self._one_by_one:
            items = (waiting.pop(0)[0],)
        else:
            items = self._take(sys.maxsize)
        self._busy = True
        if faults and not faults.keys().isdisjoint(items):
            plan = batch_steps(items, size=len(items), repeat_red=self._checks.repeat_red)
            self._go_on(_Round(items=items, plan=plan, verified=verified))
            return
        # Of a batch that is green as a whole the plan is always this: verify it, land it.
        verifying = self._left(items, verified)
        begun = self._clock.time + verifying
        self._clock.after(verifying + self._landing(len(items)), self.land_whole, items, begun)

    def land_whole(self, items: tuple[str, ...], begun: float) -> None:
        """A batch that is green as a whole has landed; its landing began then."""
        self.moves += 1
        for item in items:
            self._landed(item)
        if self._waiting:
            self._verify_ahead(begun)
        self._next_round()

    def _go_on(self, batch: _Round) -> None:
        """Do what comes next, up to what takes time."""
        while (step := batch.next()) is not None:
            if isinstance(step, Land):
                batch.answer = _GREEN
                landing = self._landing(len(step.items))
                self._clock.after(landing, self._land_part, batch, step, self._clock.time)
                return
            if isinstance(step, Return):
                self._returned(step.item, self._faults.pop(step.item))
                batch.answer = None
                continue
            seconds, batch.verified = self._left(step.items, batch.verified), None
            batch.answer = self._answer(step)
            if seconds:
                self._clock.after(seconds, self._go_on, batch)
                return
        self._next_round()

    def _land_part(self, batch: _Round, step: Land, begun: float) -> None:
        self._land(step.items)
        if len(step.items) == len(batch.items):
            self._verify_ahead(begun)
        self._go_on(batch)

    def _land(self, items: tuple[str, ...]) -> None:
        self.moves += 1
        for item in items:
            self._landed(item)

    def _next_round(self) -> None:
        if self._ahead is not None:
            next_ones: Iterable[str] = self._ahead[0]
        else:
            next_ones = [one for one, _ in self._waiting[: self._checks.size]]
        for task in next_ones:
            self._waited(task)
        self._round()

    def _take(self, until: float) -> tuple[str, ...]:
        """Those that go together next, of what has come by then."""
        waiting, size = self._waiting, self._checks.size
        if not waiting or waiting[0][1] > until:
            return ()
        taken = tuple(task for task, since in waiting[:size] if since <= until)
        del waiting[: len(taken)]
        return taken

    def _answer(self, step: Verify) -> StepResult:
        faults = self._faults
        for item in step.items:
            if faults.get(item) is StepState.CONFLICT:
                return StepResult(state=StepState.CONFLICT, item=item)
        return _RED if any(item in faults for item in step.items) else _GREEN

    def _left(self, items: tuple[str, ...], verified: float | None) -> float:
        """How long it is until they are verified."""
        if verified is not None:  # while the one before it landed
            return max(0.0, verified - self._clock.time)
        return self._verifying(items)

    def _verifying(self, items: tuple[str, ...]) -> float:
        checks = self._checks
        still = len(items) == 1 and self._bases[items[0]] == self.moves
        middle = checks.squash_still if still else checks.squash
        return middle * checks.squashes[int(self._random() * DRAWS)] if middle else 0.0

    def _landing(self, count: int) -> float:
        checks = self._checks
        seconds = checks.landing * checks.landings[int(self._random() * DRAWS)]
        waits = checks.merge_waits
        if waits:
            dice = self._random
            seconds += max(waits[int(dice() * len(waits))] for _ in range(count))
        return seconds

    def _verify_ahead(self, begun: float) -> None:
        """A landing that began then has ended: what waited then was verified meanwhile, on top."""
        if self._checks.ahead and self._waiting:
            items = self._take(begun)
            if items:
                self._ahead = items, begun + self._verifying(items)
