"""Attempts in the journal, and what they cost."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime

from mission.journal.database import Value, to_text
from mission.journal.records import Attempt, Spent, Stage
from mission.journal.table import Table, moment, moment_or_none, only, where

_FIXED = frozenset({"id", "run", "task", "number", "started", "ended"})
_CHANGEABLE = frozenset(field.name for field in fields(Attempt)) - _FIXED
_TEXTS = frozenset({"reason", "summary", "route"})  # free text: secrets are taken out
_MOST_TOKENS = 10**12  # an agent may claim any number; sums must stay in 64 bits
_SUMS = (
    "count(*) AS attempts, coalesce(sum(input_tokens), 0) AS input_tokens,"
    " coalesce(sum(output_tokens), 0) AS output_tokens,"
    " coalesce(sum(cached_tokens), 0) AS cached_tokens, sum(cost_usd) AS cost_usd,"
    " count(CASE WHEN cost_usd IS NULL AND input_tokens + output_tokens > 0 THEN 1 END) AS unpriced"
)


class Attempts(Table):
    """What was tried, how far it came, and what it cost."""

    def start_attempt(
        self,
        *,
        run: int | None = None,
        task: str,
        agent: str,
        branch: str | None,
        base_commit: str | None,
        worktree: str | None,
        log: str | None,
        route: str,
        session: str | None = None,
    ) -> Attempt:
        """Journal an attempt, before it starts. Its number is the task's next one."""
        rows = self._database.rows(
            "INSERT INTO attempts (run, task, number, agent, branch, base_commit, worktree, log,"
            " route, session, stage, started)"
            " SELECT :run, :task, coalesce(max(number), 0) + 1, :agent, :branch, :base_commit,"
            " :worktree, :log, :route, :session, :stage, :now FROM attempts WHERE task = :task"
            " RETURNING *",
            run=self._run if run is None else run,
            task=task,
            agent=agent,
            branch=branch,
            base_commit=base_commit,
            worktree=worktree,
            log=log,
            route=self._redact(route),
            session=session,
            stage=Stage.STARTED.value,
            now=self._database.now(),
        )
        return _attempt(rows[0])

    def update_attempt(self, id: int, *, stage: Stage | None = None, **changed: Value) -> Attempt:  # noqa: A002  the contract's name for the row's number
        """Change an attempt: `stage`, and any of its fields by name.

        Raises:
            KeyError: No such attempt.
            TypeError: No such field, or one that never changes.
        """
        unknown = changed.keys() - _CHANGEABLE
        if unknown:
            raise TypeError(f"an attempt's {', '.join(sorted(unknown))} cannot be changed")
        if stage is not None:
            changed["stage"] = stage.value
        return self._update(id, changed)

    def end_attempt(self, id: int, outcome: str, reason: str = "", **changed: Value) -> Attempt:  # noqa: A002  as above
        """Note how an attempt ended; further fields as in `update_attempt`."""
        unknown = changed.keys() - _CHANGEABLE
        if unknown:
            raise TypeError(f"an attempt's {', '.join(sorted(unknown))} cannot be changed")
        end = {"stage": Stage.ENDED.value, "ended": self._database.now()}
        return self._update(id, changed | end | {"outcome": outcome, "reason": reason})

    def reopen_attempt(self, id: int, *, stage: Stage, **changed: Value) -> Attempt:  # noqa: A002  as above
        """Take up an attempt that had ended, at `stage`; further fields as in `update_attempt`.

        Without an `outcome` among them it has none: that is how work which a person approved is
        told from work whose end was not journalled.

        Raises:
            KeyError: No such attempt.
        """
        unknown = changed.keys() - _CHANGEABLE
        if unknown:
            raise TypeError(f"an attempt's {', '.join(sorted(unknown))} cannot be changed")
        end = {"stage": stage.value, "ended": None, "outcome": None, "reason": ""}
        return self._update(id, end | changed)

    def _update(self, number: int, changed: Mapping[str, Value]) -> Attempt:
        if not changed:
            rows = self._database.rows("SELECT * FROM attempts WHERE id = :id", id=number)
        else:
            columns = ", ".join(f"{name} = :{name}" for name in changed)
            values = {name: self._checked(name, value) for name, value in changed.items()}
            rows = self._database.rows(
                f"UPDATE attempts SET {columns} WHERE id = :id RETURNING *",  # noqa: S608  names are checked against the fields above
                **values,
                id=number,
            )
        if not rows:
            raise KeyError(number)
        return _attempt(rows[0])

    def _checked(self, name: str, value: Value) -> Value:
        if name in _TEXTS and isinstance(value, str):
            return self._redact(value)
        if name.endswith("_tokens") and isinstance(value, int):
            return min(max(value, 0), _MOST_TOKENS)
        if name == "cost_usd" and isinstance(value, float) and not math.isfinite(value):
            return None
        return value

    def last_attempt(self, task: str) -> Attempt | None:
        """The newest attempt at a task."""
        rows = self._database.rows(
            "SELECT * FROM attempts WHERE task = :task ORDER BY number DESC LIMIT 1", task=task
        )
        return only([_attempt(row) for row in rows])

    def attempts(self, task: str | None = None) -> list[Attempt]:
        """All attempts, of one task or of all, in the order in which they began."""
        rows = self._database.rows(
            f"SELECT * FROM attempts{where(task=task)} ORDER BY id",  # noqa: S608  see `where`
            task=task,
        )
        return [_attempt(row) for row in rows]

    def open_attempts(self) -> list[Attempt]:
        """Attempts without an end, in the order in which they began."""
        rows = self._database.rows("SELECT * FROM attempts WHERE ended IS NULL ORDER BY id")
        return [_attempt(row) for row in rows]

    def spent(
        self, task: str | None = None, *, run: int | None = None, since: datetime | None = None
    ) -> Spent:
        """Sums over attempts: of a task, of a run, of those that ended (or are open) `since`.

        Reads every attempt that is asked for: for a question per dispatch, keep a running total.
        """
        wanted = where(task=task, run=run)
        if since is not None:
            wanted += f"{' AND' if wanted else ' WHERE'} (ended IS NULL OR ended >= :since)"
        rows = self._database.rows(
            f"SELECT {_SUMS} FROM attempts{wanted}",  # noqa: S608  see `where`
            task=task,
            run=run,
            since=None if since is None else to_text(since),
        )
        return Spent(**dict(rows[0]))

    def spent_by_task(self) -> dict[str, Spent]:
        """Sums over attempts for each task that has any."""
        rows = self._database.rows(f"SELECT task, {_SUMS} FROM attempts GROUP BY task")  # noqa: S608  constant text
        return {row["task"]: Spent(**{key: row[key] for key in row.keys()[1:]}) for row in rows}


def _attempt(row: sqlite3.Row) -> Attempt:
    values = dict(row)
    values["stage"] = Stage(row["stage"])
    values["started"] = moment(row["started"])
    values["ended"] = moment_or_none(row["ended"])
    return Attempt(**values)
