"""A row's history as people read it: in the order in which it happened, a line for each thing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mission.amounts import count, counted, in_one_line, money, span
from mission.journal import Attempt, Event, Run
from mission.journal.kinds import (
    EvidenceFound,
    ForecastMade,
    GateAnswered,
    Happening,
    MergeAwaited,
    NoLookup,
    Noticed,
    RequestAnswered,
    RowWaits,
    StatusSet,
    Told,
    UsageBooked,
    Verified,
)
from mission.journal.stored import data_of, word_of

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """One thing that happened."""

    at: datetime
    attempt: int | None  # its number within the row; None: outside of attempts
    what: str  # one word
    detail: str
    times: int = 1  # how often it was said: gates that wait ask many times
    until: datetime | None = None  # ... the last time


def hosts_elsewhere(runs: Iterable[Run]) -> Mapping[int, str]:
    """Where the runs of other clones were, by their numbers."""
    return {run.id: run.host for run in runs if run.elsewhere}


def moments(
    attempts: Sequence[Attempt],
    events: Sequence[Event[Happening]],
    hosts: Mapping[int, str] | None = None,
) -> list[Moment]:
    """Everything about one row. Pure.

    Args:
        attempts: Those at it.
        events: Those about it.
        hosts: What `hosts_elsewhere` says.
    """
    numbers = {attempt.id: attempt.number for attempt in attempts}
    elsewhere = hosts or {}
    told = [
        moment
        for attempt in attempts
        for moment in _of_attempt(attempt, elsewhere.get(attempt.run))
    ]
    for event, times, last in _without_repetitions(events):
        if isinstance(event.what, UsageBooked):
            continue  # its sums are with the attempt
        told.append(
            Moment(
                at=event.at,
                attempt=None if event.attempt is None else numbers.get(event.attempt),
                what=word_of(event.what),
                detail=in_words(event.what),
                times=times,
                until=last if times > 1 else None,
            )
        )
    return sorted(told, key=lambda moment: moment.at)


def _without_repetitions(
    events: Sequence[Event[Happening]],
) -> list[tuple[Event[Happening], int, datetime]]:
    """The events with how often, and until when, each was said."""
    told: list[tuple[Event[Happening], int, datetime]] = []
    asked: dict[str, int] = {}  # gates asked since anything else happened -> their place in `told`
    for event in events:
        if not isinstance(event.what, GateAnswered):
            asked.clear()
            told.append((event, 1, event.at))
            continue
        gate = event.what.gate
        at = asked.get(gate)
        if at is not None and told[at][0].what == event.what:
            told[at] = (told[at][0], told[at][1] + 1, event.at)
        else:
            asked[gate] = len(told)
            told.append((event, 1, event.at))
    return told


def _of_attempt(attempt: Attempt, host: str | None) -> Iterator[Moment]:
    where = "" if host is None else f"on {host}"
    begun = [attempt.agent, attempt.route and f"({attempt.route})", attempt.branch or "", where]
    yield Moment(
        at=attempt.started,
        attempt=attempt.number,
        what="started",
        detail=" ".join(filter(None, begun)),
    )
    if attempt.ended is None:
        return
    facts = [
        attempt.outcome or "",
        in_one_line(attempt.reason),
        f"{count(attempt.tokens)} tokens" if attempt.tokens else "",
        money(attempt.cost_usd) if attempt.cost_usd is not None else "",
        span(attempt.ended - attempt.started),
        f"log {attempt.log}" if attempt.log else "",
    ]
    yield Moment(
        at=attempt.ended,
        attempt=attempt.number,
        what="ended",
        detail="; ".join(filter(None, facts)),
    )


def in_words(what: Happening) -> str:
    """An event in words; what is not there is left out."""
    data = data_of(what)
    lead, said = _lead(what)
    told = [lead]
    for key in said:
        data.pop(key, None)
    given = ((key, value) for key, value in data.items() if value not in (None, "", [], {}))
    told += [f"{key} {_shown(value)}" for key, value in given]
    return ", ".join(filter(None, told))


def _lead(what: Happening) -> tuple[str, tuple[str, ...]]:
    """The words that say most, for the kinds that people read most; and the fields in them."""
    lead = ""
    said: tuple[str, ...] = ()
    match what:
        case StatusSet():
            lead, said = f"{what.old} → {what.new}", ("old", "new")
        case GateAnswered():
            lead = f"{what.gate}: {what.state} for the {what.purpose}"
            # The branch and its commit are in the lines around it.
            said = ("gate", "state", "purpose", "branch", "commit")
        case Verified():
            ended = "passed" if what.ok else "failed"
            lead, said = f"{what.step}: {ended}", ("step", "ok", "tree")
        case EvidenceFound():
            took = f" ({what.seconds} s)" if what.seconds else ""
            lead, said = f"{what.check}: {what.found}{took}", ("check", "found", "seconds")
        case RequestAnswered():
            lead = f"{what.asked} by {what.by} (request {what.request})"
            said = ("asked", "by", "request")
        case RowWaits():
            lead = (what.why or f"for {what.on}") if what.on else "no more"
            said = ("on", "why", "who")
        case MergeAwaited():
            lead, said = "its turn to merge", ("branch",)
        case ForecastMade():
            half, most = (span(timedelta(seconds=one)) for one in (what.p50, what.p80))
            lead = f"{counted(len(what.rows), 'row')} done in {half} (p50) to {most} (p80)"
            said = ("p50", "p80", "p95", "tokens", "usd", "plays", "seen", "rows")
        case _:
            return _lead_of_others(what)
    return lead, said


def _lead_of_others(what: Happening) -> tuple[str, tuple[str, ...]]:
    """The same of what agents and people are told."""
    match what:
        case NoLookup():
            return f"{what.agent} cannot look the mission up: {what.why}", ("agent", "why")
        case Noticed():
            return what.title, ("notice", "key", "title", "command")
        case Told():
            return f"{what.to}: {what.state}", ("to", "state", "message", "notices")
        case _:
            return "", ()


def _shown(value: object) -> str:
    """A value in a few characters where that says as much: a commit's start, a list's entries."""
    if isinstance(value, list):
        return " ".join(map(_shown, value))
    text = str(value)
    return text[:10] if _COMMIT.fullmatch(text) else text
