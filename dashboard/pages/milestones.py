"""Milestones with their progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.states import State, grouped
from service.forecast import Finish, Forecast
from service.standing import Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class MilestoneLine:
    """One milestone."""

    id: str
    title: str
    placeholder: bool
    done: int
    rows: int
    bar: dict[str, int]  # rows by group
    spent_tokens: int
    estimate_tokens: int | None
    why: str  # what a placeholder waits for
    finish: Finish | None  # when it will be done; None: it is, or nobody knows yet


def milestone_lines(
    standing: Standing, states: Mapping[str, State], forecast: Forecast | None = None
) -> tuple[MilestoneLine, ...]:
    """All of them, in file order."""
    found = []
    ends = {one.id: one.finish for one in forecast.milestones} if forecast is not None else {}
    for view in standing.overview.milestones:
        its = [states[task.task.id] for task in view.tasks]
        waits = standing.waits.get(view.milestone.id, ()) if view.milestone.placeholder else ()
        found.append(
            MilestoneLine(
                id=view.milestone.id,
                title=view.milestone.title,
                placeholder=view.milestone.placeholder,
                done=sum(state is State.DONE for state in its),
                rows=len(its),
                bar=grouped(its),
                spent_tokens=view.spent_tokens,
                estimate_tokens=view.estimate_tokens,
                why=waits[0].why if waits else "",
                finish=ends.get(view.milestone.id),
            )
        )
    return tuple(found)
