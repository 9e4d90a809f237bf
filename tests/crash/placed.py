"""A run that kills itself beside a write to the journal: the first at which no run was killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from collections.abc import Collection, Mapping
from multiprocessing.connection import Connection
from pathlib import Path

from mission.journal.database import Database, Value
from tests.crash.forked import CONTEXT, carry_out, settle

# "before" or "after", and the write's name: it has no number of an attempt or a run in it, so that
# the next run, whose numbers are others, knows the place again.
Place = tuple[str, str]


def run_to_a_new_place(task_file: Path, errors: Path, known: Collection[Place]) -> Place | int:
    """Carry a mission on until a run comes to a place that is not `known`, and dies there.

    Its exit code, where it came to none.
    """
    ours, theirs = CONTEXT.Pipe(duplex=False)
    arguments = (task_file, errors, dict(os.environ), set(known), theirs)
    process = CONTEXT.Process(target=_carry_on, args=arguments)
    process.start()
    theirs.close()
    with ours:
        try:
            place: Place = ours.recv()
        except EOFError:
            process.join()
            assert process.exitcode is not None
            return process.exitcode
    process.join()
    assert process.exitcode == -signal.SIGKILL
    return place


def _carry_on(
    task_file: Path,
    errors: Path,
    environment: Mapping[str, str],
    known: set[Place],
    told: Connection,
) -> None:
    settle(errors, environment)
    write, dying = Database.rows, threading.Lock()

    def pass_by(place: Place) -> None:
        with dying:  # kept until the end of the process by the first of its threads to get here
            if place not in known:
                told.send(place)
                os.kill(os.getpid(), signal.SIGKILL)
                threading.Event().wait()

    def rows(database: Database, statement: str, **values: Value) -> list[sqlite3.Row]:
        if statement.startswith("SELECT"):
            return write(database, statement, **values)
        name = _name(database, statement, values)
        pass_by(("before", name))
        found = write(database, statement, **values)
        pass_by(("after", name))
        return found

    def _name(database: Database, statement: str, values: Mapping[str, Value]) -> str:
        words = statement.split()[:3]  # INSERT INTO events, UPDATE attempts SET, BEGIN IMMEDIATE
        task = values.get("task")
        if "attempts" in words and task is None:
            (found,) = write(database, "SELECT task FROM attempts WHERE id = :id", id=values["id"])
            task = found["task"]
        telling = [values[name] for name in ("kind", "step", "end") if name in values]
        return " ".join(map(str, [*words, task, *(telling or sorted(values))]))

    Database.rows = rows  # type: ignore[method-assign,assignment]
    raise SystemExit(carry_out(task_file))
