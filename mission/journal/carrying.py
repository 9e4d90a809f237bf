"""What of the journal goes along to other clones, and what comes from them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from mission.journal.carried_rows import (
    STAYS,
    Known,
    attempt_of,
    checked,
    event_of,
    request_of,
    run_of,
    values_of,
    with_number,
)
from mission.journal.events import Events
from mission.journal.kinds import LetterCame, WentOn
from mission.journal.part import Part
from mission.journal.records import RequestKind
from mission.record.merging import EventKey, brought_up, event_keys, numbers, places
from mission.record.values import AttemptKey, CarriedAttempt, CarriedEvent, Record

_K = TypeVar("_K", bound=Hashable)
_KINDS = frozenset(kind.value for kind in RequestKind)


class Carrying(Events, Part):
    """Takes part of the record that all clones of a mission share."""

    def carried(self, clone: str) -> Record:
        """What another clone needs to go on, as this one knows it.

        Args:
            clone: Who we are.
        """
        with self._database.at_one_moment():
            known = self._known()
            letters = self._asked_by_letter()
        return Record(
            clone=clone,
            runs=tuple(known.runs.values()),
            attempts=tuple(known.attempts.values()),
            events=tuple(known.events.values()),
            requests=tuple(
                one
                for number, one in known.requests.items()
                if one.finished is not None or number not in letters
            ),
        )

    def _asked_by_letter(self) -> frozenset[int]:
        """Requests that came by a letter. Pending ones stay here: whoever goes on finds the letter
        itself on the remote, and would apply both."""
        came = self.events(LetterCame)
        return frozenset(int(number) for one in came for number in one.what.requests)

    def take_in_record(self, theirs: Record) -> frozenset[str]:
        """Make what another clone knows part of this journal: all of it, or nothing.

        Taken in twice, it is as taken in once. Attempts of ours that it does not know stay; so do
        folders, logs and processes of those that it does. Where there was something new, that is
        journalled (`WentOn`).

        Returns:
            The rows of which it knew something that we did not.

        Raises:
            RecordError: An entry is not what a runner writes.
        """
        theirs = self._redacted(checked(theirs))
        with self._database.together():
            self._database.rows("PRAGMA defer_foreign_keys = ON")
            ours = self._known()
            self._add_runs(ours, theirs)
            self._add_requests(ours, theirs)
            rows = self._add_attempts(ours, theirs) | self._add_events(ours, theirs)
            if rows:
                host = theirs.runs[-1].host if theirs.runs else ""
                self.record(WentOn(host=host, rows=tuple(sorted(rows))))
        return rows

    def _known(self) -> Known:
        rows = self._database.rows
        runs = {row["id"]: run_of(row) for row in rows("SELECT * FROM runs ORDER BY id")}
        attempts = {
            row["id"]: attempt_of(row, runs) for row in rows("SELECT * FROM attempts ORDER BY id")
        }
        requests = {
            row["id"]: request_of(row) for row in rows("SELECT * FROM requests ORDER BY id")
        }
        stays = ", ".join(f"'{word}'" for word in sorted(STAYS))
        events = {
            row["id"]: event_of(row, runs, attempts, requests)
            for row in rows(f"SELECT * FROM events WHERE kind NOT IN ({stays}) ORDER BY id")  # noqa: S608  our own words
        }
        return Known(runs=runs, attempts=attempts, events=events, requests=requests)

    def _redacted(self, record: Record) -> Record:
        redact = self._redact

        def text(value: str | None) -> str | None:
            return None if value is None else redact(value)

        attempts = (
            replace(
                one,
                reason=redact(one.reason),
                summary=redact(one.summary),
                route=redact(one.route),
            )
            for one in record.attempts
        )
        events = (
            replace(one, data=json.loads(redact(json.dumps(one.data)))) for one in record.events
        )
        requests = (
            replace(one, note=text(one.note), error=text(one.error)) for one in record.requests
        )
        return replace(
            record, attempts=tuple(attempts), events=tuple(events), requests=tuple(requests)
        )

    def _add_runs(self, ours: Known, theirs: Record) -> None:
        known = {one.key for one in ours.runs.values()}
        for one in theirs.runs:
            given = {"host": one.host, "started": one.started, "ended": one.ended}
            if one.key not in known:
                self._database.rows(
                    "INSERT INTO runs (mission, host, pid, pid_started, started, ended, outcome)"
                    " VALUES (:mission, :host, 0, 0, :started, :ended, :outcome)",
                    mission=one.mission,
                    outcome=one.outcome,
                    **given,
                )
                known.add(one.key)
            elif one.ended is not None:
                self._database.rows(
                    "UPDATE runs SET ended = :ended, outcome = :outcome WHERE host = :host"
                    " AND started = :started AND ended IS NULL AND pid = 0",
                    outcome=one.outcome,
                    **given,
                )

    def _add_attempts(self, ours: Known, theirs: Record) -> frozenset[str]:
        number_of = numbers(list(ours.attempts.values()), theirs.attempts)
        self._give_numbers(ours, number_of)
        news: set[str] = set()
        given = {one.key: replace(one, number=number_of[one.key]) for one in theirs.attempts}
        here, there = _by_task(ours.events.values()), _by_task(theirs.events)
        known = {one.key: number for number, one in ours.attempts.items()}
        for number, mine in ours.attempts.items():
            if mine.key in given:
                theirs_now = given[mine.key]
                newest = brought_up(mine, theirs_now, here[mine.task], there[mine.task])
                if newest != replace(mine, number=newest.number, run=newest.run):
                    news.add(mine.task)
                    self._bring_up(number, newest)
        runs = {
            (row["host"], row["started"]): row["id"]
            for row in self._database.rows("SELECT id, host, started FROM runs")
        }
        for number, key in self._room_for("attempts", known, list(given)):
            news.add(key[0])
            self._insert_attempt(number, runs[given[key].run], given[key])
        return frozenset(news)

    def _give_numbers(self, ours: Known, number_of: Mapping[AttemptKey, int]) -> None:
        """Give ours the numbers that they have by now. First none that is any: two may change
        places."""
        changed = {
            number: number_of[one.key]
            for number, one in ours.attempts.items()
            if number_of[one.key] != one.number
        }
        for sign in (-1, 1):
            for number, wanted in changed.items():
                self._database.rows(
                    "UPDATE attempts SET number = :wanted WHERE id = :id",
                    wanted=sign * wanted,
                    id=number,
                )

    def _bring_up(self, number: int, newest: CarriedAttempt) -> None:
        values = values_of(newest)
        columns = ", ".join(f'"{name}" = :{name}' for name in values)
        self._database.rows(
            f"UPDATE attempts SET {columns} WHERE id = :id",  # noqa: S608  our own words
            **values,
            id=number,
        )

    def _insert_attempt(self, number: int, run: int, one: CarriedAttempt) -> None:
        values = {"id": number, "run": run, **values_of(one)}
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(f":{name}" for name in values)
        self._database.rows(f"INSERT INTO attempts ({names}) VALUES ({marks})", **values)  # noqa: S608  our own words

    def _add_requests(self, ours: Known, theirs: Record) -> None:
        known = {one.key: number for number, one in ours.requests.items()}
        for one in theirs.requests:
            if one.kind not in _KINDS:
                continue  # of a version that knows more: nothing that could be done here
            if one.key not in known:
                rows = self._database.rows(
                    "INSERT INTO requests"
                    " (kind, task, status, note, by, submitted, finished, error)"
                    " VALUES (:kind, :task, :status, :note, :by, :submitted, :finished, :error)"
                    " RETURNING id",
                    kind=one.kind,
                    task=one.task,
                    status=one.status,
                    note=one.note,
                    by=one.by,
                    submitted=one.submitted,
                    finished=one.finished,
                    error=one.error,
                )
                known[one.key] = rows[0]["id"]
            elif one.finished is not None:
                self._database.rows(
                    "UPDATE requests SET finished = :finished, error = :error WHERE id = :id",
                    finished=one.finished,
                    error=one.error,
                    id=known[one.key],
                )

    def _add_events(self, ours: Known, theirs: Record) -> frozenset[str]:
        rows = self._database.rows
        known = dict(zip(event_keys(ours.events.values()), ours.events, strict=True))
        given = dict(zip(event_keys(theirs.events), theirs.events, strict=True))
        runs = {(one["host"], one["started"]): one["id"] for one in rows("SELECT * FROM runs")}
        attempts = {
            (one["task"], one["started"]): one["id"] for one in rows("SELECT * FROM attempts")
        }
        requests = {
            (one["task"], one["submitted"]): one["id"] for one in rows("SELECT * FROM requests")
        }
        news: set[str] = set()
        for number, key in self._room_for("events", known, list(given)):
            one = given[key]
            rows(
                "INSERT INTO events (id, at, kind, run, task, attempt, data)"
                " VALUES (:id, :at, :kind, :run, :task, :attempt, :data)",
                id=number,
                at=one.at,
                kind=one.kind,
                run=None if one.run is None else runs.get(one.run),
                task=one.task,
                attempt=attempts.get((one.task or "", one.attempt or "")),
                data=json.dumps(with_number(one, requests)),
            )
            if one.task is not None:
                news.add(one.task)
        return frozenset(news)

    def _room_for(
        self, table: str, known: Mapping[_K, int], given: Sequence[_K]
    ) -> list[tuple[int, _K]]:
        """Where entries of `given` that are not known go, so that theirs and ours stay in their
        order: most often behind all; else the ones from there on move up.

        Args:
            table: Of the journal. known: The number of each entry of ours that counts, in order.
        """
        ours = list(known.items())
        behind: list[_K] = []
        before: defaultdict[int, list[_K]] = defaultdict(list)
        for place, key in places(list(known), given):
            if place == len(ours):
                behind.append(key)
            else:
                before[ours[place][1]].append(key)
        found: list[tuple[int, _K]] = []
        moved = 0
        for number, keys in sorted(before.items()):
            at = number + moved
            self._move_up(table, at, len(keys))
            found += zip(range(at, at + len(keys)), keys, strict=True)
            moved += len(keys)
        last = int(self._database.rows(f"SELECT coalesce(max(id), 0) FROM {table}")[0][0])  # noqa: S608  our own words
        return [*found, *zip(range(last + 1, last + 1 + len(behind)), behind, strict=True)]

    def _move_up(self, table: str, at: int, by: int) -> None:
        """Let the entries from number `at` on have larger numbers."""
        columns = [(table, "id")] + ([("events", "attempt")] if table == "attempts" else [])
        for name, column in columns:
            # Through negative numbers: none is there twice meanwhile.
            self._database.rows(
                f"UPDATE {name} SET {column} = -{column} - :by WHERE {column} >= :at",  # noqa: S608  our own words
                by=by,
                at=at,
            )
            self._database.rows(f"UPDATE {name} SET {column} = -{column} WHERE {column} < 0")  # noqa: S608  our own words


def _by_task(
    events: Iterable[CarriedEvent],
) -> defaultdict[str, dict[EventKey, CarriedEvent]]:
    """The events of each row, by what they are known by."""
    its = list(events)
    found: defaultdict[str, dict[EventKey, CarriedEvent]] = defaultdict(dict)
    for key, one in zip(event_keys(its), its, strict=True):
        if one.task is not None:
            found[one.task][key] = one
    return found
