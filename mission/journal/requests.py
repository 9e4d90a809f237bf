"""What people ask of the single writer, handed over through the journal."""

from __future__ import annotations

import sqlite3

from mission.journal.events import Events
from mission.journal.kinds import LetterCame, RequestAnswered
from mission.journal.part import Part, moment, moment_or_none
from mission.journal.records import Request, RequestKind


class Requests(Events, Part):
    """Submitted by a command, applied by whoever holds the task file."""

    def submit_request(
        self,
        kind: RequestKind | str,
        task: str,
        *,
        status: str | None = None,
        note: str | None = None,
        by: str,
    ) -> int:
        """Ask for a change of a task; the request's number. `by` is who asks."""
        rows = self._database.rows(
            "INSERT INTO requests (kind, task, status, note, by, submitted)"
            " VALUES (:kind, :task, :status, :note, :by, :now) RETURNING id",
            kind=RequestKind(kind).value,
            task=task,
            status=status,
            note=None if note is None else self._redact(note),
            by=by,
            now=self._database.now(),
        )
        return int(rows[0]["id"])

    def pending_requests(self) -> list[Request]:
        """Requests that nobody has applied or refused, oldest first."""
        rows = self._database.rows("SELECT * FROM requests WHERE finished IS NULL ORDER BY id")
        return [_request(row) for row in rows]

    def requests(self, task: str) -> list[Request]:
        """All that was asked for about a task, refused or not, oldest first."""
        rows = self._database.rows(
            "SELECT * FROM requests WHERE task = :task ORDER BY id", task=task
        )
        return [_request(row) for row in rows]

    def request(self, id: int) -> Request:  # noqa: A002  the contract's name for the row's number
        """One request.

        Raises:
            KeyError: No such request.
        """
        rows = self._database.rows("SELECT * FROM requests WHERE id = :id", id=id)
        if not rows:
            raise KeyError(id)
        return _request(rows[0])

    def finish_request(self, id: int, error: str | None = None) -> Request:  # noqa: A002  as above
        """Note that a request was applied, or with `error` why it was refused.

        The first end stays. It becomes an event too, for the history.
        """
        with self._database.together():
            rows = self._database.rows(
                "UPDATE requests SET finished = :now, error = :error"
                " WHERE id = :id AND finished IS NULL RETURNING *",
                now=self._database.now(),
                error=None if error is None else self._redact(error),
                id=id,
            )
            if not rows:
                return self.request(id)
            request = _request(rows[0])
            answered = RequestAnswered(
                request=request.id,
                asked=request.kind.value,
                status=request.status,
                note=request.note,
                by=request.by,
                error=request.error,
                letter=self._letter_of(request.id),
            )
            self.record(answered, task=request.task)
        return request

    def _letter_of(self, request: int) -> str:
        """The letter that a request came by; empty: none."""
        came = self.events(LetterCame)
        return next((one.what.letter for one in came if str(request) in one.what.requests), "")


def _request(row: sqlite3.Row) -> Request:
    values = dict(row)
    values["kind"] = RequestKind(row["kind"])
    values["submitted"] = moment(row["submitted"])
    values["finished"] = moment_or_none(row["finished"])
    return Request(**values)
