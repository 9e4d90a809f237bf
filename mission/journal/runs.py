"""Runs in the journal."""

from __future__ import annotations

import sqlite3

from mission.journal.part import Part, moment, moment_or_none, only
from mission.journal.records import Run


class Runs(Part):
    """Which process ran the mission, and when."""

    def start_run(
        self,
        *,
        mission: str,
        host: str,
        pid: int,
        pid_started: float,
        engine_run: str | None = None,
    ) -> int:
        """Note that a run begins; its number."""
        rows = self._database.rows(
            "INSERT INTO runs (mission, host, pid, pid_started, engine_run, started)"
            " VALUES (:mission, :host, :pid, :pid_started, :engine_run, :now) RETURNING id",
            mission=mission,
            host=host,
            pid=pid,
            pid_started=pid_started,
            engine_run=engine_run,
            now=self._database.now(),
        )
        return int(rows[0]["id"])

    def name_run(self, run: int, engine_run: str) -> None:
        """Note the engine's own name of a run, which may be known later than it begins."""
        self._database.rows(
            "UPDATE runs SET engine_run = :engine_run WHERE id = :run",
            engine_run=engine_run,
            run=run,
        )

    def end_run(self, run: int, outcome: str) -> None:
        """Note that a run ended. The first end stays."""
        self._database.rows(
            "UPDATE runs SET ended = :now, outcome = :outcome WHERE id = :run AND ended IS NULL",
            now=self._database.now(),
            outcome=outcome,
            run=run,
        )

    def open_runs(self) -> list[Run]:
        """Runs of this clone without an end: under way, or killed. Oldest first."""
        rows = self._database.rows(
            "SELECT * FROM runs WHERE ended IS NULL AND pid <> 0 ORDER BY id"
        )
        return [_run(row) for row in rows]

    def last_run(self) -> Run | None:
        """The run of this clone that began last."""
        rows = self._database.rows("SELECT * FROM runs WHERE pid <> 0 ORDER BY id DESC LIMIT 1")
        return only([_run(row) for row in rows])

    def did_anything(self, run: int) -> bool:
        """Whether a run started an attempt, or changed a row."""
        rows = self._database.rows(
            "SELECT EXISTS (SELECT 1 FROM attempts WHERE run = :run) OR EXISTS"
            " (SELECT 1 FROM events WHERE run = :run AND kind = 'status') AS did",
            run=run,
        )
        return bool(rows[0]["did"])

    def runs(self) -> list[Run]:
        """All runs, those of other clones included, as this one heard of them: oldest first."""
        return [_run(row) for row in self._database.rows("SELECT * FROM runs ORDER BY id")]


def _run(row: sqlite3.Row) -> Run:
    values = dict(row)
    values["started"] = moment(row["started"])
    values["ended"] = moment_or_none(row["ended"])
    return Run(**values)
