"""`mission forecast`: when it will be done, and what it will cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
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
    Track,
    WhatIf,
    forecast_data,
    read_forecast,
    read_track,
    track_data,
)

app = typer.Typer()

_MOST_ROWS = 12
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
    place = place_at(path)
    if not as_json:
        talk(f"Playing the run {counted(plays or PLAYS, 'time')}")
    found = read_forecast(place, what_if=what_if, plays=plays or PLAYS, exactly=plays is not None)
    track = read_track(place)
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
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"--by {text!r} is no date", hint="Such as 2026-03-31, or 2026-03-31T18:00"
        ) from error
    if len(text) == len("2026-03-31"):
        when = when.replace(hour=23, minute=59, second=59)
    return (when if when.tzinfo is not None else when.astimezone()).astimezone(UTC)


def _late(
    found: Forecast, due: datetime | None, usd: float | None, tokens: int | None
) -> Iterator[str]:
    if due is not None and found.finish.p80 > due:
        p80 = minute(found.finish.p80)
        yield f"Late: four of five plays are done by {p80}, not by {minute(due)}."
    if usd is not None and found.usd.p80 > usd:
        yield f"Dear: four of five plays cost up to {money(found.usd.p80)}, not up to {money(usd)}."
    if tokens is not None and found.tokens.p80 > tokens:
        yield (
            f"Dear: four of five plays use up to {count(int(found.tokens.p80))} tokens,"
            f" not {count(tokens)}."
        )


def _print(found: Forecast, track: Track) -> None:
    if found.done:
        fact(f"{found.mission}: no row is open.")
        fact(_held(track))
        return
    rows = [
        (one.id, *_dates(one.finish), *_amounts(one.tokens, one.usd)) for one in found.milestones
    ]
    rows.append((found.mission, *_dates(found.finish), *_amounts(found.tokens, found.usd)))
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
                    minute(one.begin) if one.begin is not None else "under way",
                    minute(one.finish.p50),
                    minute(one.finish.p80),
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
    if found.left:
        yield f"In {share(found.left)} of the plays a row is never done."
    if found.unplanned:
        yield f"Not in it, for they are not planned: {', '.join(found.unplanned)}."


def _held(track: Track) -> str:
    if not track.of:
        return "No forecast of an earlier run could be held against what came of it yet."
    return f"Of what runs forecast as they began, p80 held in {track.held} of {track.of}."


def _dates(finish: Finish) -> tuple[str, str, str]:
    return minute(finish.p50), minute(finish.p80), minute(finish.p95)


def _amounts(tokens: Band, usd: Band) -> tuple[str, str, str]:
    return count(int(tokens.p50)), count(int(tokens.p80)), money(usd.p80)
