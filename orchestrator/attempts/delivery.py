"""From finished work to the base: verify, push through the gate, warn of conflicts, merge."""

from __future__ import annotations

from dataclasses import dataclass

from forges.pulls import PullRequests
from gates.protocol import GateRequest, Purpose
from mission.journal import Attempt, Journal, Step
from mission.journal.kinds import Pushed, WillConflict
from orchestrator.attempts.work import AgentWork
from orchestrator.gating.passage import Passage
from orchestrator.merging.pulling import Pulling
from orchestrator.ports.display import Display
from orchestrator.ports.row_stop import RowStop
from orchestrator.workers.sending import is_pushed
from orchestrator.workplace.finished import Work
from orchestrator.workplace.verifying import FinishedWork, VerificationError, Verifier
from tasks_md.model import Task
from workspace import base_log, branches
from workspace.disclosure import refuse_secrets
from workspace.overlap import overlaps
from workspace.redact import Redactor
from workspace.repository import Repository
from workspace.submodule_hosts import SubmoduleHosts
from workspace.submodules import refuse_lost_submodules


@dataclass(frozen=True, kw_only=True)
class Delivering:
    """Finished work, from its branch to the remote."""

    agent_work: AgentWork
    pulling: Pulling
    verifier: Verifier
    passage: Passage
    journal: Journal
    repository: Repository
    pulls: PullRequests | None
    hosts: SubmoduleHosts
    redactor: Redactor
    display: Display

    def verify(self, task: Task, attempt: Attempt, stop: RowStop) -> Attempt:
        """Verify the branch, if that was not done before a crash.

        Raises:
            VerificationError: A verify step failed, or a commit poses as a row's merge.
            GitError: A submodule holds work that would not land with it.
            StoppedError: The run or the row was stopped meanwhile.
        """
        stop.heed_own()
        if attempt.step is Step.WORKED:
            self._refuse_lost_submodules(attempt)
            self._refuse_posing(attempt)
            row = FinishedWork(task=task, attempt=attempt, stop=stop)
            self.verifier.verify_branch(row, Work.of(attempt).head)
            attempt = self.journal.advance_attempt(attempt.id, Step.VERIFIED)
            self._warn_of_overlaps(attempt)
        return attempt

    def bring_to_remote(self, task: Task, attempt: Attempt, stop: RowStop) -> Attempt:
        """Push the branch, and open its pull request. Does what is left after a crash.

        Raises:
            GateError: The push gate refuses, or does not clear in time.
            GitError: The remote refuses.
            StoppedError: The run or the row was stopped meanwhile.
        """
        stop.heed_own()
        if attempt.step is Step.VERIFIED:
            self._push(attempt, stop)
            if self.pulls is not None:
                self.pulling.show_pull(self.pulls, task, attempt)
            attempt = self.journal.advance_attempt(attempt.id, Step.PUSHED)
        return attempt

    def _refuse_lost_submodules(self, attempt: Attempt) -> None:
        work = Work.of(attempt)
        place = self.agent_work.worktree_of(attempt, work.base)
        refuse_lost_submodules(self.hosts, place, work.head)

    def _refuse_posing(self, attempt: Attempt) -> None:
        """Refuse a branch with a commit that says what only the runner's merges say.

        The squash says nothing of it; but a person may merge the branch by hand, or in a forge's
        pages, and by these lines on the base another row would count as done."""
        posing = self._posing(attempt)
        if posing:
            commit, task = posing
            raise VerificationError(
                f"commit {commit[:10]} of {attempt.branch} says that it merges {task}; only the "
                "runner "
                "says that: take the lines `Task:` and `Attempt:` out of its message"
            )

    def _posing(self, attempt: Attempt) -> tuple[str, str] | None:
        """The first such commit, and the row that it names. Those that came from the base are the
        runner's own, however new they are."""
        repository, work = self.repository, Work.of(attempt)
        if not base_log.read_after(repository.git, work.base, work.head):
            return None
        for tip in (repository.base_tip, repository.fetch_base):
            new = base_log.read(repository.git, work.head, f"^{work.base}", f"^{tip()}")
            found = [(one.commit, one.merges[0].task) for one in new if one.merges]
            if not found:
                return None
        return found[0]

    def _push(self, attempt: Attempt, stop: RowStop) -> None:
        if self.repository.remote is None:
            return
        work = Work.of(attempt)
        if is_pushed(self.journal, attempt, work.head):
            return
        repository = self.repository
        refuse_secrets(
            repository.git, work.branch, base=work.base, head=work.head, redactor=self.redactor
        )
        request = GateRequest(
            purpose=Purpose.PUSH,
            branch=work.branch,
            base=repository.base,
            commit=work.head,
        )
        self.passage.pass_gates(request, task=attempt.task, attempt=attempt.id, stop=stop)
        self.display.doing(attempt.task, "pushes its branch")
        branches.push_branch(repository, work.branch, work.head, ours=self._pushed_before(attempt))
        self.journal.record(
            Pushed(branch=work.branch, commit=work.head),
            task=attempt.task,
            attempt=attempt.id,
        )

    def _pushed_before(self, attempt: Attempt) -> set[str]:
        """Where this runner may have left the row's branch on the remote: a retry that was rebased
        replaces that, and nothing else."""
        return self.agent_work.beginning.known(Work.of(attempt).branch)

    def _warn_of_overlaps(self, attempt: Attempt) -> None:
        """Say which other live branches conflict with this one, before it hurts."""
        work = Work.of(attempt)
        others = {
            other.task: other.head
            for other in self.journal.open_attempts()
            if other.task != attempt.task and other.head is not None
        }
        base = self.repository.base_tip()
        for found in overlaps(self.repository.git, base, work.head, others):
            self.journal.record(
                WillConflict(other=found.task, files=tuple(found.files)),
                task=attempt.task,
                attempt=attempt.id,
            )
            self.display.say(
                f"{attempt.task} and {found.task} will conflict: both change "
                f"{', '.join(found.files)}"
            )
