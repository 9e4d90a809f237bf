"""`mission forecast`: when it will be done, and what it will cost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Annotated

import typer

from cli.console import fact, print_json, talk
from cli.tables import Column, minute, table, wrapped
from cli.typed_here import place_at
from errors import UsageError
from mission.amounts import count, counted, money, share
from service.forecast import (
    PLAYS,
    Band,
    Finish,
    Forecast,
    RowForecast,
    Track,
    WhatIf,
    forecast_data,
    read_forecast,
    read_track,
    track_data,
)

app = typer.Typer()

_MOST_ROWS = 12
_YEARS = 1970, 9998  # that exist in all zones
_BANDS = (
    Column(heading="P50"),
    Column(heading="P80"),
    Column(heading="P95"),
    Column(heading="TOKENS P50", right=True),
    Column(heading="P80", right=True),
    Column(heading="COST P80", right=True),
)


class Strategy(StrEnum):
    """How finished work is merged."""

    SERIAL = "serial"
    BATCH = "batch"


@app.command()
def forecast(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or a folder that holds one.")
    ] = None,
    max_parallel: Annotated[
        int | None, typer.Option(min=1, max=1024, help="What if so many rows ran at once.")
    ] = None,
    agent: Annotated[
        list[str] | None,
        typer.Option(help="What if another agent worked: `sonnet=codex`. Can be repeated."),
    ] = None,
    strategy: Annotated[
        Strategy | None, typer.Option(help="What if merges went one by one, or in batches.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="What if this row were not there. Can be repeated.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="Exit 1 if the p80 of the finish is after this: a date, or date and time."
        ),
    ] = None,
    usd: Annotated[
        float | None, typer.Option(min=0, help="Exit 1 if the p80 of the cost is above this.")
    ] = None,
    tokens: Annotated[
        int | None, typer.Option(min=0, help="Exit 1 if the p80 of the tokens is above this.")
    ] = None,
    plays: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100_000,
            help="How often it is played; by default 1,000 times, less with thousands of rows.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """When it will be done and what it will cost: the run, played many times by its own rules.

    People's time is not in it: how often they are needed is told apart. Lengths and tokens are
    learned from the journal; without one it says that it guesses.
    """
    what_if = WhatIf(
        max_parallel=max_parallel,
        agents=dict(_swap(one) for one in agent or ()),
        strategy=strategy.value if strategy is not None else None,
        without=frozenset(without or ()),
    )
    due = None if by is None else _moment(by)
    if usd is not None and not math.isfinite(usd):
        raise UsageError(f"--usd {usd} is no amount", hint="Such as `--usd 40`")
    place = place_at(path)
    if not as_json:
        talk(f"Playing the run {counted(plays or PLAYS, 'time')}")
    found = read_forecast(place, what_if=what_if, plays=plays or PLAYS, exactly=plays is not None)
    track = read_track(place)
    if usd is not None and found.unpriced and not found.done:
        raise UsageError(
            f"--usd {usd:g} cannot be answered: no price is known of {', '.join(found.unpriced)}",
            hint="Add what they cost to `budget.prices` in mission.yaml (0 for nothing)",
        )
    late = list(_late(found, due, usd, tokens))
    if as_json:
        print_json(forecast_data(found) | {"track": track_data(track), "ok": not late})
    else:
        _print(found, track)
    for one in late:
        talk(one)
    if late:
        raise typer.Exit(1)


def _swap(text: str) -> tuple[str, str]:
    before, sign, after = text.partition("=")
    if not (before and sign and after):
        raise UsageError(
            f"--agent {text!r} names no two agents", hint="Such as `--agent sonnet=codex`"
        )
    return before, after


def _moment(text: str) -> datetime:
    """A date until its end, or a time, in the zone of whoever asks where it names none."""
    when = _date(text)
    if when is None:
        try:
            when = datetime.fromisoformat(text)
        except ValueError as error:
            raise UsageError(
                f"--by {text!r} is no date", hint="Such as 2026-03-31, or 2026-03-31T18:00"
            ) from error
    if not _YEARS[0] <= when.year <= _YEARS[1]:
        raise UsageError(
            f"--by {text!r} is no year that can be reckoned with",
            hint=f"Name one from {_YEARS[0]} to {_YEARS[1]}",
        )
    return (when if when.tzinfo is not None else when.astimezone()).astimezone(UTC)


def _date(text: str) -> datetime | None:
    """The end of a day, however ISO 8601 writes it; None where a time is named, too."""
    try:
        return datetime.combine(date.fromisoformat(text), time.max)
    except ValueError:
        return None


def _late(
    found: Forecast, due: datetime | None, usd: float | None, tokens: int | None
) -> Iterator[str]:
    if found.done:
        return
    p80 = found.finish.p80
    if p80 is None:
        yield f"No end: in {share(found.left)} of the plays a row is never done.{_why(found)}"
    elif due is not None and p80 > due:
        yield f"Late: four of five plays are done by {minute(p80)}, not by {minute(due)}."
    if usd is not None and found.usd.p80 > usd:
        yield f"Dear: four of five plays cost up to {money(found.usd.p80)}, not up to {money(usd)}."
    if tokens is not None and found.tokens.p80 > tokens:
        yield (
            f"Dear: four of five plays use up to {count(int(found.tokens.p80))} tokens,"
            f" not {count(tokens)}."
        )


def _why(found: Forecast) -> str:
    """Where the file is the reason, who tells what is wrong with it."""
    return " `mission check` says what is wrong." if found.stuck else ""


def _print(found: Forecast, track: Track) -> None:
    if found.done:
        fact(f"{found.mission}: no row is open.")
        fact(_held(track))
        return
    priced = not found.unpriced
    rows = [
        (one.id, *_dates(one.finish), *_amounts(one.tokens, one.usd, priced=priced))
        for one in found.milestones
    ]
    total = _amounts(found.tokens, found.usd, priced=priced)
    rows.append((found.mission, *_dates(found.finish), *total))
    fact(table((Column(heading="DONE BY", flexible=True), *_BANDS), rows))
    fact("")
    for line in (*_remarks(found), _held(track)):
        for part in wrapped(line, ""):
            fact(part)
    critical = sorted(found.rows, key=lambda one: -one.critical)[:_MOST_ROWS]
    fact(
        "\n"
        + table(
            (
                Column(heading="ROW", flexible=True),
                Column(heading="CRITICAL", right=True),
                Column(heading="BEGINS"),
                Column(heading="DONE P50"),
                Column(heading="P80"),
            ),
            [
                (
                    one.id,
                    share(one.critical),
                    _begins(one),
                    _when(one.finish.p50),
                    _when(one.finish.p80),
                )
                for one in critical
            ],
        )
    )
    if len(found.rows) > len(critical):
        talk(f"{len(found.rows) - len(critical)} more rows: --json has all.")


def _remarks(found: Forecast) -> Iterator[str]:
    if found.guess:
        yield "A guess: the journal holds no finished attempt that such work could be measured by."
    else:
        yield f"Learned from {counted(found.seen, 'attempt')} in the journal."
    people = [
        counted(number, noun)
        for number, noun in (
            (found.approvals, "approval"),
            (found.decisions, "decision"),
            (found.runs - 1, "further `mission run`"),
        )
        if number > 0
    ]
    if people:
        yield f"People's time comes on top: plus {', '.join(people)}."
    for scope, chance in found.budgets.items():
        yield f"The chance to reach the budget of this {scope}: {share(chance)}."
    if found.left and not found.endless:  # else that is what it ends with
        yield f"In {share(found.left)} of the plays a row is never done."
    if found.unpriced:
        yield f"Not in the cost, for no price is known: {', '.join(found.unpriced)}."
    if found.unplanned:
        yield f"Not in it, for they are not planned: {', '.join(found.unplanned)}."


def _held(track: Track) -> str:
    if not track.of:
        return "No forecast of an earlier run could be held against what came of it yet."
    return f"Of what runs forecast as they began, p80 held in {track.held} of {track.of}."


def _dates(finish: Finish) -> tuple[str, str, str]:
    return _when(finish.p50), _when(finish.p80), _when(finish.p95)


def _when(moment: datetime | None) -> str:
    return "—" if moment is None else minute(moment)


def _begins(row: RowForecast) -> str:
    if row.begin is not None:
        return minute(row.begin)
    return "under way" if row.begun else "—"


def _amounts(tokens: Band, usd: Band, *, priced: bool) -> tuple[str, str, str]:
    cost = money(usd.p80 if priced or usd.p80 else None)
    return count(int(tokens.p50)), count(int(tokens.p80)), cost
