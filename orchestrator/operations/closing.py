"""Closing a milestone: the row with branch `(aggregate)`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from shlex import quote

from errors import GateError
from gates.protocol import Gate, GateRequest, Purpose
from mission.amounts import counted
from mission.clock import Clock
from mission.journal import Journal
from mission.journal.kinds import Merged
from mission.report import make_report
from mission.report_markdown import report_markdown
from mission.state import Status
from mission.timeline import work_times
from orchestrator.operations.evidence import OperationEnd, Proof
from orchestrator.operations.operation import Means
from orchestrator.ports.assignment import Assignment
from orchestrator.publishing.issues import IssueBook
from tasks_md.plan_file import PlanFile
from workspace import branches


@dataclass(frozen=True, kw_only=True)
class CloseMilestone:
    """The operation `close-milestone`."""

    file: PlanFile
    journal: Journal
    gates: tuple[Gate, ...]
    issues: IssueBook
    clock: Clock

    def __call__(self, means: Means, assignment: Assignment, /) -> OperationEnd:
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
            return OperationEnd(
                ok=False, word=f"{milestone.id} has open rows: {', '.join(open_rows)}"
            )
        proof = Proof()
        proof.add("rows", f"{counted(len(others), 'other')}, all done")
        began = time.monotonic()
        base = means.repository.fetch_base()
        merges = self._merges({one.id for one in others})
        for name, commit in merges.items():
            if not branches.confirm(means.repository, commit):
                raise GateError(
                    f"{name} is done, but its merge {commit[:10]} is not on the remote's "
                    f"{means.repository.base}",
                    hint="Somebody rewrote the base; "
                    f"`git log {quote(means.repository.base_ref)}` shows what it holds",
                )
        proof.add("merges", f"{len(merges)} are on the remote's base", version=base, since=began)
        means.display.doing(task.id, "waits for the base to be green")
        began = time.monotonic()
        means.passage.pass_gates(
            GateRequest(
                purpose=Purpose.MERGE,
                branch=means.repository.base,
                base=means.repository.base,
                commit=base,
            ),
            task=task.id,
            attempt=assignment.attempt.id,
            stop=means.stop,
        )
        gates = ", ".join(gate.name for gate in self.gates) or "none"
        proof.add("gates", f"clear: {gates}", version=base, since=began)
        attempts, now = self.journal.attempts(), self.clock.now()
        report = make_report(
            self.file.read(),
            attempts,
            now=now,
            milestone=milestone.id,
            times=work_times(attempts, self.journal.events(), now=now),
        )
        comment = (
            f"{milestone.id} is done: every row is merged and confirmed, "
            f"{means.repository.base} is green at {base[:10]}.\n\n{report_markdown(report)}"
        )
        word = f"{milestone.id} closed at {base[:10]}: {counted(len(others), 'row')} done"
        if merges:
            word += f", {len(merges)} merged by this runner and confirmed"
        closed = self.issues.close(task, comment)
        proof.add("issue", closed or "none to close")
        return OperationEnd(
            ok=True, word=f"{word}; {closed}" if closed else word, evidence=proof.evidence
        )

    def _merges(self, tasks: set[str]) -> dict[str, str]:
        """Task -> squash commit of its last merge, as the journal knows it."""
        return {
            event.task: event.what.commit
            for event in self.journal.events(Merged)
            if event.task in tasks
        }
