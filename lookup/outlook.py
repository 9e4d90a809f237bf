"""A forecast in lines, for agents. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from forecast.outcome import Band
from lookup.telling import at
from lookup.told import Told
from mission.amounts import count, counted, money, share
from service.forecast import Finish, Forecast


def forecast_told(found: Forecast, version: str) -> Told:
    """When the mission will be done and what it will cost; then its milestones and open rows."""
    return Told(
        what=f"Forecast of {counted(found.plays, 'play')} at {at(found.now)}",
        lines=tuple(_lines(found)),
        version=version,
    )


def _lines(found: Forecast) -> Iterator[str]:
    yield f"mission: {found.mission}"
    if found.done:
        yield "done: no row is open"
        return
    learned = f"learned from {counted(found.seen, 'attempt')}"
    yield f"sure: {'a guess, nothing in the journal says more' if found.guess else learned}"
    yield f"finish: {_finish(found.finish)}, without the time that people take"
    yield f"tokens: {_band(found.tokens, lambda one: count(int(one)))}"
    yield f"cost: {_band(found.usd, money)}"
    yield f"people, at p50: {found.approvals} approvals, {found.decisions} other decisions"
    if found.left:
        yield f"left undone: in {share(found.left)} of the plays a row was"
    for scope, chance in found.budgets.items():
        yield f"budget: {share(chance)} chance to reach the {scope.value}'s"
    if found.stuck:
        yield f"no run can begin, as the file stands: {', '.join(found.stuck)}"
    if found.unpriced:
        yield f"not in the cost, as no price is known: {', '.join(found.unpriced)}"
    if found.unplanned:
        yield f"not in it, as it is not planned yet: {', '.join(found.unplanned)}"
    for milestone in found.milestones:
        yield f"milestone: {milestone.id}, {_finish(milestone.finish)}"
    for row in found.rows:
        yield f"row: {row.id}, {_finish(row.finish)}, critical in {share(row.critical)}"


def _finish(finish: Finish) -> str:
    parts = {"p50": finish.p50, "p80": finish.p80, "p95": finish.p95}
    return ", ".join(
        f"{name} {at(when) if when is not None else 'never'}" for name, when in parts.items()
    )


def _band(band: Band, shown: Callable[[float], str]) -> str:
    return f"p50 {shown(band.p50)}, p80 {shown(band.p80)}, p95 {shown(band.p95)}"
