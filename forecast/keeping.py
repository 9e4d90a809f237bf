"""As a run begins, what is expected of it is journalled: later it shows how such forecasts held."""

from __future__ import annotations

from typing import Final

from forecast.outcome import Band, enough, play_at_leisure, sum_up
from forecast.setting import WhatIf
from forecast.staging import History, set_scene
from mission.journal.kinds import ForecastMade
from orchestrator.ports.foresight import RunOutset
from tasks_md.model import DONE
from workspace.side_thread import SideWork, cause

_PLAYS: Final = 300
_ENOUGH: Final = 100  # plays: where the run is over before all are made


class Foreseeing(SideWork):
    """Plays the run beside it, at leisure, and journals what came of it."""

    def __init__(self, outset: RunOutset) -> None:
        super().__init__("forecast", daemon=True)
        self._outset = outset

    def wait(self) -> None:
        """Until it is journalled."""
        self._thread.join()

    def _wanted(self) -> bool:
        selected = self._outset.selected
        return any(
            task.status != DONE and (selected is None or task.id in selected)
            for task in self._outset.plan.tasks
        )

    def _note_death(self, error: BaseException) -> None:
        self._outset.say(f"No forecast of this run is kept: {cause(error)}")

    def _work(self) -> None:
        outset = self._outset
        history = History.of(outset.journal, outset.config, outset.now)
        made = set_scene(
            outset.plan,
            outset.config,
            history,
            alive=False,
            now=outset.now,
            what_if=WhatIf(max_parallel=outset.slots),
            selected=outset.selected,
        )
        wanted = enough(made.scene, most=_PLAYS)
        played = play_at_leisure(made.scene, plays=wanted, seed=made.seed, over=self._over.wait)
        if len(played) < min(_ENOUGH, wanted):
            return
        found = sum_up(made.scene, played)
        # What some plays never come to has no time that could be held against what came of it.
        rows = [one.task for one in found.rows if one.done == 1.0]
        if not rows:
            return
        seconds = Band.of(max(one.ends[row] for row in rows) for one in played)
        outset.journal.record(
            ForecastMade(
                p50=seconds.p50,
                p80=seconds.p80,
                p95=seconds.p95,
                tokens=int(found.tokens.p80),
                usd=found.usd.p80,
                plays=found.plays,
                seen=made.seen,
                rows=tuple(rows),
            )
        )
