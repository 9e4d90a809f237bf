"""What was done before the runner came, and who vouches for a row that is done.

A row may be done without an attempt in the journal: a team brings its plan half carried out. The
first run notes these rows, so that a row which is found done later needs another word for it.
"""

from __future__ import annotations

from mission.journal import Journal
from mission.journal.kinds import DoneBefore, RequestAnswered, StatusSet
from mission.state import Status
from tasks_md.model import Plan


def note_done_before(journal: Journal, plan: Plan) -> None:
    """At the first run of a mission: journal which rows are done that we have not tried."""
    if journal.events(DoneBefore):
        return
    tried = {attempt.task for attempt in journal.attempts()}
    rows = [task.id for task in plan.tasks if task.status == Status.DONE and task.id not in tried]
    journal.record(DoneBefore(rows=tuple(rows)))


def vouched_for(journal: Journal, plan: Plan) -> frozenset[str]:
    """The rows of which the journal knows why they may be done: they were when the runner came,
    an attempt is there, or a person said so. Before the first run that is every row."""
    noted = journal.events(DoneBefore)
    if not noted:
        return frozenset(plan.by_id)
    known: set[str] = {attempt.task for attempt in journal.attempts()}
    for event in noted:
        known.update(event.what.rows)
    for change in journal.events(StatusSet):
        if change.task is not None and change.what.new == Status.DONE:
            known.add(change.task)
    for answer in journal.events(RequestAnswered):
        asked_done = answer.what.status == Status.DONE and answer.what.error is None
        if answer.task is not None and asked_done:
            known.add(answer.task)
    return frozenset(known)
