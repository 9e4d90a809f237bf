"""One attempt at one row, from wherever its journal entry stands to its end."""

from __future__ import annotations

from agents.outcomes import no_change
from agents.protocol import Result
from errors import (
    MissionError,
    UnapprovedError,
)
from mission.clock import Clock
from mission.config import MissionConfig
from mission.journal import Attempt, End, Journal, Step
from mission.outcome import ADVICE, Outcome, advised
from mission.state import Status
from orchestrator.attempts.delivery import Delivering
from orchestrator.attempts.ending import Ending
from orchestrator.attempts.failing import Failing
from orchestrator.attempts.repairing import Repairing
from orchestrator.attempts.resuming import Resuming
from orchestrator.attempts.retrying import STATUSES, Retrying
from orchestrator.attempts.reviewing import Reviewed, Reviewing
from orchestrator.attempts.work import AgentWork
from orchestrator.gating.paths import touched
from orchestrator.merging.pruning import Pruning
from orchestrator.merging.queue import MergeQueue
from orchestrator.merging.squashing import touches_task_file
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.display import Display
from orchestrator.ports.ends import Again, TaskEnd, Unreviewed
from orchestrator.publishing.issues import IssueBook
from orchestrator.publishing.review_reports import ReviewReports, report_link
from orchestrator.workers.sending import works_elsewhere
from orchestrator.workplace.finished import Work
from orchestrator.workplace.verifying import FinishedWork
from policy.attempt import is_fresh
from workspace import changes
from workspace.disks import Disks
from workspace.repository import Repository


class AttemptRunner:
    """Carries out rows that agents work on."""

    def __init__(
        self,
        merges: MergeQueue,
        issues: IssueBook,
        *,
        ending: Ending,
        failing: Failing,
        reviewing: Reviewing,
        delivering: Delivering,
        resuming: Resuming,
        agent_work: AgentWork,
        repairing: Repairing,
        retrying: Retrying,
        pruning: Pruning,
        reports: ReviewReports,
        config: MissionConfig,
        journal: Journal,
        clock: Clock,
        repository: Repository,
        task_file: str,
        display: Display,
        disks: Disks,
    ) -> None:
        self._disks = disks
        self._reviewing = reviewing
        self._delivering = delivering
        self._resuming = resuming
        self._agent_work = agent_work
        self._repairing = repairing
        self._retrying = retrying
        self._pruning = pruning
        self._reports = reports
        self._config = config
        self._journal = journal
        self._clock = clock
        self._repository = repository
        self._task_file = task_file
        self._display = display
        self._ending = ending
        self._failing = failing
        self._merges = merges
        self._issues = issues

    def carry_out(self, assignment: Assignment) -> TaskEnd:
        """Do what is left of the attempt. Never raises for what people can cause."""
        try:
            return self._carry_out(assignment)
        except (MissionError, OSError) as error:
            return self._failing.end_of(assignment, error)
        finally:
            self._display.doing(assignment.task.id, "")

    def _carry_out(self, assignment: Assignment) -> TaskEnd:
        task, attempt = assignment.task, assignment.attempt
        if attempt.step is Step.ENDED:
            attempt = self._resuming.take_up(attempt)
        if attempt.taken_up and attempt.step is Step.WORKED:
            attempt = self._resuming.with_added(attempt)
        if attempt.step in (Step.STARTED, Step.ANSWERED):
            worked = self._work(assignment, attempt)
            if isinstance(worked, TaskEnd):
                return worked
            attempt = worked
        if attempt.branch is None:
            assignment.stop.pass_by()
            return self._read_only(assignment, attempt)
        if attempt.step not in (Step.MERGED, Step.CONFIRMED):
            ready = self._make_ready(assignment, attempt)
            if isinstance(ready, TaskEnd):
                return ready
            attempt = ready
        try:
            row = FinishedWork(task=task, attempt=attempt, stop=assignment.stop)
            commit = self._merges.land(row)
        except UnapprovedError as unseen:
            return self._for_a_person(assignment, unseen.message)
        self._agent_work.clear(attempt)
        self._pruning.prune(attempt)
        word = f"merged as {commit[:10]}, attempt {attempt.number} by {attempt.agent}"
        closed = self._issues.finish(task, f"{task.id}, the last row for this issue, is {word}.")
        word = f"{word}; {closed}" if closed else word
        return self._ending.end(assignment, Status.DONE, End.SUCCESS, word=word)

    def _work(self, assignment: Assignment, attempt: Attempt) -> Attempt | TaskEnd:
        """The attempt with its work committed; its end if its agent did not finish."""
        if attempt.step is Step.STARTED:
            attempt, worktree = self._agent_work.prepare(assignment)
            attempt, result = self._agent_work.run_agent(assignment, attempt, worktree)
            if attempt.step is Step.UNFINISHED:
                return self._unfinished(assignment, attempt, result)
        if attempt.branch is None:
            told = self._agent_work.told(attempt)
            self._reports.write_report(assignment.task, told, attempt.agent)
        return self._agent_work.collect(attempt)

    def _make_ready(self, assignment: Assignment, attempt: Attempt) -> Attempt | TaskEnd:
        """The attempt when it may merge; its end if it may not."""
        task = assignment.task
        end = self._refused(assignment, attempt)
        if end is not None:
            return end
        attempt = self._delivering.verify(task, attempt, assignment.stop)
        if assignment.reviewer is not None and works_elsewhere(self._config, assignment.reviewer):
            # A worker reads it there.
            attempt = self._delivering.bring_to_remote(task, attempt, assignment.stop)
        reviewed = None if attempt.approved else self._reviewing.review(assignment, attempt)
        if isinstance(reviewed, Unreviewed):
            if reviewed.reason:  # a reviewer was asked in vain: it may take hours
                self._delivering.bring_to_remote(task, attempt, assignment.stop)
            return self._ending.end(
                assignment, None, None, reason=reviewed.reason, unreviewed=reviewed
            )
        if reviewed is not None and not (reviewed.passed or reviewed.person):
            back = Again(at=self._clock.now())
            return self._ending.end(assignment, None, End.REVIEW, reason=reviewed.text, again=back)
        attempt = self._delivering.bring_to_remote(task, attempt, assignment.stop)
        why = self._why_a_person(assignment, attempt, reviewed)
        if why:
            return self._for_a_person(assignment, why)
        return attempt

    def _for_a_person(self, assignment: Assignment, why: str) -> TaskEnd:
        """The end of an attempt whose work is finished and waits for a person."""
        task = assignment.task
        word = f"{task.branch} waits for a person ({why}): mission approve {task.id}"
        return self._ending.end(assignment, Status.NEEDS_QA, End.NEEDS_QA, word=word)

    def _why_a_person(
        self, assignment: Assignment, attempt: Attempt, reviewed: Reviewed | None
    ) -> str:
        """Why the work waits for a person; empty if it may merge."""
        if attempt.approved:
            return ""
        if reviewed is not None and reviewed.person:
            return f"its review: {reviewed.text}"
        if attempt.said is Outcome.NEEDS_QA:
            return f"{attempt.agent} asks: {attempt.summary}"
        return self._reviewing.why_a_person(assignment.task, Work.of(attempt))

    def _refused(self, assignment: Assignment, attempt: Attempt) -> TaskEnd | None:
        """The end of an attempt that left nothing on its branch.

        Raises:
            SingleWriterError: What it left touches the task file.
        """
        task, work = assignment.task, Work.of(attempt)
        # Since it left the base as it is now: a branch may have taken newer commits of it in.
        repository = self._repository
        files = changes.changed_files(repository.git, repository.base_tip(), work.head)
        if not files and is_fresh(attempt):
            disk = self._disks.trouble()
            if disk is not None:
                return self._failing.without_disk(assignment, disk, in_vain=True)
            denied = self._agent_work.denied_to(attempt)
            outcome, why = no_change(attempt.agent, said=attempt.summary, denied=denied)
            reason = f"{work.branch}: {why}. {advised(ADVICE[outcome], task.id)}"
            if outcome is Outcome.REFUSED:
                return self._ending.end(assignment, Status.BLOCKED, End.REFUSED, reason=reason)
            return self._ending.end(assignment, Status.FAILED, End.NO_CHANGES, reason=reason)
        if touched(files, self._task_file):
            raise touches_task_file(work.branch, self._task_file, task.id)
        return None

    def _read_only(self, assignment: Assignment, attempt: Attempt) -> TaskEnd:
        """The end of a row without a branch: what it says counts, its files do not."""
        self._agent_work.clear(attempt)
        asks = attempt.said is Outcome.NEEDS_QA and not attempt.approved
        link = report_link(assignment.task)
        word = f"attempt {attempt.number} by {attempt.agent}, {link}: {attempt.summary}"
        if asks:
            return self._ending.end(assignment, Status.NEEDS_QA, End.NEEDS_QA, word=word)
        return self._ending.end(assignment, Status.DONE, End.SUCCESS, word=word)

    def _unfinished(self, assignment: Assignment, attempt: Attempt, result: Result) -> TaskEnd:
        """The end of an attempt whose agent did not finish."""
        decision = self._retrying.decide_next(attempt, result)
        status = STATUSES.get(decision.action)
        reason = f"{attempt.agent}: {decision.reason}. {advised(decision.advice, attempt.task)}"
        conflict = self._repairing.to_repair(attempt)
        if status is Status.FAILED and conflict is not None:
            # The work is there, and good but for the conflict: that is what a person has to settle.
            status, reason = Status.BLOCKED, f"{conflict.reason}; not repaired by {reason}"
        return self._ending.end(
            assignment,
            status,
            End.AS_SAID,
            said=result.outcome,
            reason=reason,
            again=self._retrying.again(attempt, decision),
        )
