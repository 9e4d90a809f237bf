"""Copying a mission into the storage: idempotent, in order, and resumed where it stopped."""

from __future__ import annotations

import hashlib
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from mission.journal import Event, Journal
from mission.journal.kinds import Happening
from mission.journal.replica import told_attempt, told_run
from mission.journal.stored import data_of, word_of
from mission.place import Place
from tasks_md.model import Plan
from tiers.storage.queries import query

_NO_NAME = re.compile(r"[^a-z0-9]+")
_BATCH = 500  # events a transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """The identifiers under which a mission's rows are kept."""

    mission: str  # the same for every clone of the mission's repository
    source: str  # one journal: this machine's, from its first run on

    def task(self, key: str) -> str:
        """The identifier of a row of TASKS.md."""
        return f"{self.mission}:{key}"

    def event(self, number: int) -> str:
        """The identifier of an event of the journal."""
        return f"{self.source}:{number}"


def origin_of(place: Place, plan: Plan, journal: Journal) -> Origin:
    """Who we are. A journal that was moved away and begun anew is another one."""
    path = place.path_in_repository or str(place.task_file)
    runs = journal.runs()
    began = runs[0].started.isoformat() if runs else ""
    name = _NO_NAME.sub("-", plan.mission.lower()).strip("-") or "mission"
    return Origin(
        mission=f"{name}-{_digest(plan.mission, path)}",
        source=_digest(socket.gethostname(), str(place.state_dir), began),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Projected:
    """What was copied."""

    origin: Origin
    events: int  # new ones
    last_event: int  # the number that the storage has now


def project(
    connection: psycopg.Connection[Any], place: Place, plan: Plan, journal: Journal
) -> Projected:
    """Bring the storage up to the task file and the journal. `connection` is in autocommit mode.

    Killed at any point, the next call goes on. Two at once do each event once.

    Raises:
        psycopg.Error: The server refuses; what was committed stays, and is in order.
    """
    origin = origin_of(place, plan, journal)
    with connection.transaction():
        _project_plan(connection, origin, place, plan)
        connection.execute(
            query("project_begin"), {"source": origin.source, "mission_id": origin.mission}
        )
    copied = last = 0
    while True:
        with connection.transaction():
            last = _position(connection, origin)
            events = journal.events(after=last, limit=_BATCH)
            if events:
                _project_events(connection, origin, events)
                last = events[-1].id
        copied += len(events)
        if len(events) < _BATCH:
            break
    with connection.transaction():
        _position(connection, origin)  # two at once would lock the same rows in different orders
        _project_runs(connection, origin, journal)
        _project_attempts(connection, origin, journal)
        end = {"source": origin.source, "host": _text(socket.gethostname())}
        connection.execute(query("project_end"), end)
    return Projected(origin=origin, events=copied, last_event=last)


def _project_plan(
    connection: psycopg.Connection[Any], origin: Origin, place: Place, plan: Plan
) -> None:
    path = place.path_in_repository or str(place.task_file)
    mission = {"id": origin.mission, "name": _text(plan.mission), "path": _text(path)}
    connection.execute(query("project_mission"), mission)
    rows = [
        {
            "id": origin.task(task.id),
            "mission_id": origin.mission,
            "key": task.id,
            "title": _text(task.description),
            "status": task.status,
            "milestone": task.milestone,
            "position": number,
            "agent": _text(task.agent),
            "branch": _text(task.branch),
            "issue": _text(task.issue),
            "depends_on": list(task.depends_on),
            "estimate_tokens": task.estimate_tokens,
            "notes": _text(task.notes),
        }
        for number, task in enumerate(plan.tasks, 1)
    ]
    dialect = {"columns": dict(plan.dialect.columns), "statuses": dict(plan.dialect.statuses)}
    file = {"mission_id": origin.mission, "name": _text(plan.mission), "body": _text(plan.text)}
    connection.execute(query("project_file"), file | {"dialect": Jsonb(_storable(dialect))})
    with connection.cursor() as cursor:
        cursor.executemany(query("project_task"), rows)
    keys = [task.id for task in plan.tasks]
    connection.execute(query("project_gone_tasks"), {"mission_id": origin.mission, "keys": keys})


def _position(connection: psycopg.Connection[Any], origin: Origin) -> int:
    row = connection.execute(query("project_position"), {"source": origin.source}).fetchone()
    assert row is not None  # noqa: S101 - `project_begin` made it
    return int(row[0])


def _project_events(
    connection: psycopg.Connection[Any], origin: Origin, events: Sequence[Event[Happening]]
) -> None:
    rows = [
        {
            "id": origin.event(event.id),
            "mission_id": origin.mission,
            "source": origin.source,
            "number": event.id,
            "at": event.at,
            "kind": word_of(event.what),
            "run": event.run,
            "task": event.task,
            "attempt": event.attempt,
            "data": Jsonb(_storable(data_of(event.what))),
        }
        for event in events
    ]
    with connection.cursor() as cursor:
        cursor.executemany(query("project_event"), rows)
    connection.execute(
        query("project_advance"), {"source": origin.source, "last_event": events[-1].id}
    )


def _project_runs(connection: psycopg.Connection[Any], origin: Origin, journal: Journal) -> None:
    rows = [
        {
            "source": origin.source,
            "number": run.id,
            "mission_id": origin.mission,
            "record": Jsonb(_storable(told_run(run))),
        }
        for run in journal.runs()
    ]
    with connection.cursor() as cursor:
        cursor.executemany(query("project_run"), rows)


def _project_attempts(
    connection: psycopg.Connection[Any], origin: Origin, journal: Journal
) -> None:
    rows = [
        attempt.facts()
        | {"source": origin.source, "mission_id": origin.mission}
        | {"reason": _text(attempt.reason)}
        | {"record": Jsonb(_storable(told_attempt(attempt)))}
        for attempt in journal.attempts()
    ]
    with connection.cursor() as cursor:
        cursor.executemany(query("project_attempt"), rows)
    connection.execute(query("project_spent"), {"mission_id": origin.mission})


def _text(text: str | None) -> str | None:
    """Postgres takes neither NUL nor the lone surrogates that bytes of no UTF-8 travel as."""
    if text is None:
        return None
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _storable(value: object) -> object:
    match value:
        case str():
            return _text(value)
        case dict():
            return {_text(str(key)): _storable(inner) for key, inner in value.items()}
        case list():
            return [_storable(inner) for inner in value]
        case _:
            return value


def _digest(*parts: str) -> str:
    text = "\0".join(parts)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
