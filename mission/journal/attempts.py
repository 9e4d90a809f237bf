"""Attempts in the journal, and what they cost."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime

from mission.journal.database import Value, to_text
from mission.journal.part import Part, moment, moment_or_none, only, where
from mission.journal.records import Attempt, Spent
from mission.outcome import Outcome
from mission.steps import AttemptState, End, Step, StepError, before, before_end, before_take_up

_FIXED = frozenset({"id", "run", "task", "number", "started", "ended", "stands_in"})
_MOVED = frozenset(field.name for field in fields(AttemptState))  # by moves alone
_CHANGEABLE = frozenset(field.name for field in fields(Attempt)) - _FIXED - _MOVED
_TEXTS = frozenset({"reason", "summary", "route"})  # free text: secrets are taken out
_MOST_TOKENS = 10**12  # an agent may claim any number; sums must stay in 64 bits
_SUMS = (
    "count(*) AS attempts, coalesce(sum(input_tokens), 0) AS input_tokens,"
    " coalesce(sum(output_tokens), 0) AS output_tokens,"
    " coalesce(sum(cached_tokens), 0) AS cached_tokens, sum(cost_usd) AS cost_usd,"
    " count(CASE WHEN cost_usd IS NULL AND input_tokens + output_tokens > 0 THEN 1 END) AS unpriced"
)


class Attempts(Part):
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
        stands_in: str | None = None,
    ) -> Attempt:
        """Journal an attempt, before it starts. Its number is the task's next one."""
        rows = self._database.rows(
            "INSERT INTO attempts (run, task, number, agent, branch, base_commit, worktree, log,"
            " route, session, stands_in, step, started)"
            " SELECT :run, :task, coalesce(max(number), 0) + 1, :agent, :branch, :base_commit,"
            " :worktree, :log, :route, :session, :stands_in, :step, :now"
            " FROM attempts WHERE task = :task RETURNING *",
            run=self._run if run is None else run,
            task=task,
            agent=agent,
            branch=branch,
            base_commit=base_commit,
            worktree=worktree,
            log=log,
            route=self._redact(route),
            session=session,
            stands_in=stands_in,
            step=Step.STARTED.value,
            now=self._database.now(),
        )
        return _attempt(rows[0])

    def update_attempt(self, id: int, **changed: Value) -> Attempt:  # noqa: A002  the contract's name for the row's number
        """Note facts about an attempt, by the names of its fields. It stays where it stands.

        Raises:
            KeyError: No such attempt.
            TypeError: No such field, or one that never changes, or only by a move.
        """
        return self._update(id, _noted(changed))

    def advance_attempt(
        self,
        id: int,  # noqa: A002  as above
        step: Step,
        *,
        said: Outcome | None = None,
        **changed: Value,
    ) -> Attempt:
        """Move an attempt on to `step`; further fields as in `update_attempt`.

        Args:
            id: The attempt.
            step: Where it stands now.
            said: The agent's word, where it has just given it.

        Raises:
            KeyError: No such attempt.
            StepError: The table of steps does not allow it.
            TypeError: As `update_attempt`.
        """
        word: dict[str, Value] = {} if said is None else {"said": said.value}
        moved: dict[str, Value] = {"step": step.value}
        return self._move(id, _noted(changed) | word | moved, before(step))

    def end_attempt(
        self,
        id: int,  # noqa: A002  as above
        end: End,
        reason: str = "",
        *,
        said: Outcome | None = None,
        **changed: Value,
    ) -> Attempt:
        """Note what an attempt came to; the rest as in `advance_attempt`."""
        word: dict[str, Value] = {} if said is None else {"said": said.value}
        moved: dict[str, Value] = {
            "step": Step.ENDED.value,
            "end": end.value,
            "ended": self._database.now(),
            "reason": reason,
        }
        return self._move(id, _noted(changed) | word | moved, before_end(end))

    def take_up_attempt(
        self,
        id: int,  # noqa: A002  as above
        *,
        step: Step = Step.WORKED,
        approved: bool = False,
        **changed: Value,
    ) -> Attempt:
        """Let an attempt whose agent had finished go on; further fields as in `update_attempt`.

        Args:
            id: The attempt, ended or cut off.
            step: Where it goes on.
            approved: Whether a person said that its work may merge.

        Raises:
            KeyError: No such attempt.
            StepError: The table of steps does not allow it.
            TypeError: As `update_attempt`.
        """
        moved: dict[str, Value] = {
            "step": step.value,
            "end": None,
            "ended": None,
            "reason": "",
            "approved": approved,
            "taken_up": step is not Step.ANSWERED,
        }
        return self._move(id, _noted(changed) | moved, before_take_up(step))

    def withdraw_approval(self, id: int) -> Attempt:  # noqa: A002  as above
        """The attempt's work is looked at anew before it merges: its row says something else now
        than what was approved.

        Raises:
            KeyError: No such attempt.
        """
        return self._update(id, {"approved": False})

    def _move(self, number: int, changed: Mapping[str, Value], sources: Sequence[Step]) -> Attempt:
        """Change an attempt that stands at one of `sources`."""
        try:
            return self._update(number, changed, sources)
        except KeyError:
            found = self.attempt(number)
        raise StepError(
            f"attempt {number} is {found.step}, and cannot come to "
            f"{changed.get('end') or changed['step']}"
        )

    def _update(
        self, number: int, changed: Mapping[str, Value], sources: Sequence[Step] = ()
    ) -> Attempt:
        if not changed:
            rows = self._database.rows("SELECT * FROM attempts WHERE id = :id", id=number)
        else:
            columns = ", ".join(f'"{name}" = :{name}' for name in changed)
            values = {name: self._checked(name, value) for name, value in changed.items()}
            steps = ", ".join(f"'{step}'" for step in sources)
            wanted = f"id = :id AND step IN ({steps})" if sources else "id = :id"
            rows = self._database.rows(
                f"UPDATE attempts SET {columns} WHERE {wanted} RETURNING *",  # noqa: S608  names are checked against the fields above, steps are ours
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

    def attempt(self, id: int) -> Attempt:  # noqa: A002  as above
        """One attempt, as it stands now.

        Raises:
            KeyError: No such attempt.
        """
        return self._update(id, {})

    def last_attempt(self, task: str) -> Attempt | None:
        """The newest attempt at a task."""
        rows = self._database.rows(
            "SELECT * FROM attempts WHERE task = :task ORDER BY id DESC LIMIT 1", task=task
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
        rows = self._database.rows("SELECT * FROM attempts WHERE step <> 'ended' ORDER BY id")
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


def _noted(changed: Mapping[str, Value]) -> dict[str, Value]:
    """Facts about an attempt, as they were given.

    Raises:
        TypeError: One of them is no field, or cannot be changed by hand.
    """
    unknown = changed.keys() - _CHANGEABLE
    if unknown:
        raise TypeError(f"an attempt's {', '.join(sorted(unknown))} cannot be changed")
    return dict(changed)


def _attempt(row: sqlite3.Row) -> Attempt:
    values = dict(row)
    values["step"] = Step(row["step"])
    values["said"] = None if row["said"] is None else Outcome(row["said"])
    values["end"] = None if row["end"] is None else End(row["end"])
    values["approved"] = bool(row["approved"])
    values["taken_up"] = bool(row["taken_up"])
    values["started"] = moment(row["started"])
    values["ended"] = moment_or_none(row["ended"])
    return Attempt(**values)
