"""The journal's rows as entries of the record, and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from mission.journal.database import Value, to_text
from mission.journal.events import data_in
from mission.journal.stored import fits
from mission.outcome import Outcome
from mission.record.files import RecordError
from mission.record.values import (
    CarriedAttempt,
    CarriedEvent,
    CarriedRequest,
    CarriedRun,
    Record,
)

#: Kinds of events that are of no use elsewhere: gates and waits are of the moment, what was
#: verified on one machine is verified again on another, and a letter that came lies on the remote
#: until it is answered.
STAYS = frozenset(
    {
        *("gate", "conflict", "verify", "publish", "away", "dispatch", "waits", "queued"),
        *("went-on", "letter"),
    }
)
_ANSWERED = ("request", "request")  # the kind of an answer, and its field that names the request
# Words of events that become an enumeration where they are read.
_WORDS: Mapping[tuple[str, str], frozenset[str]] = {
    ("no-review", "outcome"): frozenset({*(one.value for one in Outcome), "unreadable"}),
    ("review", "verdict"): frozenset({"approve", "request-changes", "needs-person"}),
}
_COLUMNS = (
    *("task", "started", "number", "agent", "branch", "base_commit", "step", "said", "end"),
    *("approved", "taken_up", "head", "squash", "merge_base", "ended", "reason", "summary"),
    *("input_tokens", "output_tokens", "cached_tokens", "cost_usd", "session", "exit_code"),
    *("route", "stands_in"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What this clone's journal holds for others, by its numbers and in its order."""

    runs: Mapping[int, CarriedRun]
    attempts: Mapping[int, CarriedAttempt]
    events: Mapping[int, CarriedEvent]
    requests: Mapping[int, CarriedRequest]


def run_of(row: sqlite3.Row) -> CarriedRun:
    """A run, without its process."""
    return CarriedRun(
        host=row["host"],
        started=_utc(row["started"]),
        mission=row["mission"],
        ended=None if row["ended"] is None else _utc(row["ended"]),
        outcome=row["outcome"],
    )


def attempt_of(row: sqlite3.Row, runs: Mapping[int, CarriedRun]) -> CarriedAttempt:
    """An attempt, without its folder, log and process."""
    values = {name: row[name] for name in _COLUMNS}
    values["approved"], values["taken_up"] = bool(row["approved"]), bool(row["taken_up"])
    return CarriedAttempt(run=runs[row["run"]].key, **values)


def values_of(one: CarriedAttempt) -> dict[str, Value]:
    """The columns of an attempt."""
    return {name: getattr(one, name) for name in _COLUMNS}


def request_of(row: sqlite3.Row) -> CarriedRequest:
    """What a person asked for."""
    return CarriedRequest(**{name: row[name] for name in row.keys() if name != "id"})  # noqa: SIM118  a row is no mapping


def event_of(
    row: sqlite3.Row,
    runs: Mapping[int, CarriedRun],
    attempts: Mapping[int, CarriedAttempt],
    requests: Mapping[int, CarriedRequest],
) -> CarriedEvent:
    """An event, with what its numbers mean in their place."""
    kind, field = _ANSWERED
    data = data_in(row)
    if row["kind"] == kind and isinstance(data.get(field), int):
        asked = requests.get(data[field])
        data[field] = "" if asked is None else asked.submitted
    run, attempt = runs.get(row["run"]), attempts.get(row["attempt"])
    return CarriedEvent(
        at=row["at"],
        kind=row["kind"],
        run=None if run is None else run.key,
        task=row["task"],
        attempt=None if attempt is None or attempt.task != row["task"] else attempt.started,
        data=data,
    )


def with_number(one: CarriedEvent, requests: Mapping[tuple[str, str], int]) -> dict[str, object]:
    """The data of an event as this journal has it: a request by its number here."""
    kind, field = _ANSWERED
    if one.kind != kind:
        return dict(one.data)
    asked = (one.task or "", str(one.data.get(field)))
    return {**one.data, field: requests.get(asked, 0)}


def checked(record: Record) -> Record:
    """A record in which each entry can be read as what it says it is.

    Raises:
        RecordError: One cannot.
    """
    runs = {one.key for one in record.runs}
    starts = [one.key for one in record.attempts]
    taken = [(one.task, one.number) for one in record.attempts]
    if len(set(starts)) < len(starts) or len(set(taken)) < len(taken):
        raise _lie("two attempts that are one")
    for one in record.attempts:
        if one.run not in runs:
            raise _lie(f"an attempt at {one.task} in a run that it does not name")
    for event in record.events:
        if event.kind in STAYS or not _can_be_read(event):
            raise _lie(f"an event {event.kind!r} that cannot be read")
    return record


def _can_be_read(event: CarriedEvent) -> bool:
    for (kind, field), words in _WORDS.items():
        if event.kind == kind and event.data.get(field) not in words:
            return False
    return fits(event.kind, with_number(event, {}))


def _lie(what: str) -> RecordError:
    return RecordError(
        f"another clone's record holds {what}",
        hint="Whoever pushed it can say; delete the claim's ref on the remote to begin without it",
    )


def _utc(text: str) -> str:
    return to_text(datetime.fromisoformat(text).astimezone(UTC))
