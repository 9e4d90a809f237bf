"""What was done before the runner came, and who vouches for a row that is done.

A row may be done without an attempt in the journal: a team brings its plan half carried out. The
first run notes these rows, so that a row which is found done later needs another word for it.
"""

from __future__ import annotations

from mission.journal import EventKind, Journal
from mission.state import Status
from tasks_md.model import Plan

TAKEN_OVER = "taken-over"  # the journal's kind of event: these rows were done when we came


def note_taken_over(journal: Journal, run: int, plan: Plan) -> None:
    """At the first run of a mission: journal which rows are done that we have not tried."""
    if journal.events(kind=TAKEN_OVER):
        return
    tried = {attempt.task for attempt in journal.attempts()}
    rows = [task.id for task in plan.tasks if task.status == Status.DONE and task.id not in tried]
    journal.record(TAKEN_OVER, run=run, rows=rows)


def vouched_for(journal: Journal, plan: Plan) -> frozenset[str]:
    """The rows of which the journal knows why they may be done: they were when the runner came,
    an attempt is there, or a person said so. Before the first run that is every row."""
    noted = journal.events(kind=TAKEN_OVER)
    if not noted:
        return frozenset(plan.by_id)
    known: set[str] = {attempt.task for attempt in journal.attempts()}
    for event in noted:
        rows = event.data["rows"]
        known.update(map(str, rows) if isinstance(rows, list) else ())
    for event in journal.events(kind=EventKind.STATUS):
        if event.task is not None and event.data["new"] == Status.DONE:
            known.add(event.task)
    for event in journal.events(kind=EventKind.REQUEST):
        asked_done = event.data["status"] == Status.DONE and event.data["error"] is None
        if event.task is not None and asked_done:
            known.add(event.task)
    return frozenset(known)
