"""Closing a milestone: the row with branch `(aggregate)`."""

from __future__ import annotations

import time

from errors import GateError
from gates.protocol import GateRequest, Purpose
from mission.journal.kinds import Merged
from mission.report import make_report
from mission.report_markdown import report_markdown
from mission.state import Status
from orchestrator.context import Context
from orchestrator.operations.evidence import Findings, OperationEnd
from orchestrator.ports.assignment import Assignment
from orchestrator.publishing.issues import close_issue
from workspace import landing


def close_milestone(context: Context, assignment: Assignment) -> OperationEnd:
    """Check that everything of the milestone is done, merged and green.

    The facts: every other row is `done`; every merge that the journal knows is on the remote's
    base; the gates say clear for the base as it is. Then the issue is closed, with the report.

    Raises:
        ForgeError: The issue could not be closed.
        GateError: The gates refuse, or do not clear in time, or a merge is not on the base.
        StoppedError: The run was stopped while it waited.
    """
    task, milestone = assignment.task, assignment.milestone
    others = [one for one in milestone.tasks if one.id != task.id]
    open_rows = [one.id for one in others if one.status != Status.DONE]
    if open_rows:
        return OperationEnd(ok=False, word=f"{milestone.id} has open rows: {', '.join(open_rows)}")
    findings = Findings()
    findings.add("rows", f"{len(others)} others, all done")
    began = time.monotonic()
    base = context.repository.fetch_base()
    merges = _merges(context, {one.id for one in others})
    for name, commit in merges.items():
        if not landing.confirm(context.repository, commit):
            raise GateError(
                f"{name} is done, but its merge {commit[:10]} is not on the remote's "
                f"{context.repository.base}",
                hint="Somebody rewrote the base; `git log` there shows what it holds",
            )
    findings.add("merges", f"{len(merges)} are on the remote's base", version=base, since=began)
    context.display.doing(task.id, "waits for the base to be green")
    began = time.monotonic()
    context.passage.pass_gates(
        GateRequest(
            purpose=Purpose.MERGE,
            branch=context.repository.base,
            base=context.repository.base,
            commit=base,
        ),
        task=task.id,
        attempt=assignment.attempt.id,
    )
    gates = ", ".join(gate.name for gate in context.gates) or "none"
    findings.add("gates", f"clear: {gates}", version=base, since=began)
    report = make_report(
        context.writer.read(),
        context.journal.attempts(),
        now=context.clock.now(),
        milestone=milestone.id,
    )
    comment = (
        f"{milestone.id} is done: every row is merged and confirmed, "
        f"{context.repository.base} is green at {base[:10]}.\n\n{report_markdown(report)}"
    )
    word = f"{milestone.id} closed at {base[:10]}: {len(others)} rows done"
    if merges:
        word += f", {len(merges)} merged by this runner and confirmed"
    closed = close_issue(context, task, comment)
    findings.add("issue", closed or "none to close")
    return OperationEnd(
        ok=True, word=f"{word}; {closed}" if closed else word, evidence=findings.evidence
    )


def _merges(context: Context, tasks: set[str]) -> dict[str, str]:
    """Task -> squash commit of its last merge, as the journal knows it."""
    return {
        event.task: event.what.commit
        for event in context.journal.events(Merged)
        if event.task in tasks
    }
