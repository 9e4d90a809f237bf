"""The agent's part of an attempt: a worktree, a brief, what it said, what it changed."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

from agents.brief import write_brief
from agents.protocol import Result
from agents.registry import settings
from errors import AlreadyMergedError, DiskError, GitError, LockedError
from mission.config import MissionConfig
from mission.journal import Attempt, End, Journal, Step
from mission.journal.kinds import AgentEnded, ReviewMade, UsageBooked
from mission.outcome import Outcome
from mission.usage import Usage, UsageColumns
from orchestrator.attempts.beginning import Beginning
from orchestrator.attempts.circumstances import Surveying
from orchestrator.attempts.repairing import Repairing
from orchestrator.merging.merges import Merges
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.display import Display
from orchestrator.workers.errand import Delivery
from orchestrator.workers.sending import FINISHED, Errands, pushed_by_workers, works_elsewhere
from orchestrator.workplace.asking import Asking, Question
from orchestrator.workplace.commit_files import PROGRAMS
from orchestrator.workplace.finished import author_of
from orchestrator.workplace.preparing import Preparing
from orchestrator.workplace.programs import programs_of
from orchestrator.workplace.tuned import settings_for
from orchestrator.workplace.verifying import steps_for
from workspace import changes
from workspace.disks import Disks
from workspace.redact import Redactor
from workspace.repository import Repository
from workspace.squash import leftovers_message
from workspace.unfinished import begin_repair
from workspace.worktree import ExistingWorktree, Worktree
from workspace.worktrees import Worktrees


@dataclass(frozen=True, kw_only=True)
class AgentWork:
    """The agent's part of an attempt."""

    beginning: Beginning
    surveying: Surveying
    repairing: Repairing
    errands: Errands
    asking: Asking
    config: MissionConfig
    journal: Journal
    repository: Repository
    worktrees: Worktrees
    preparing: Preparing
    task_file: str
    landed: Merges
    redactor: Redactor
    display: Display
    disks: Disks

    def prepare(self, assignment: Assignment) -> tuple[Attempt, Worktree]:
        """The attempt's worktree, from the current tip of the base, or as an earlier one left it.

        Raises:
            AlreadyMergedError: The base holds the row: there is nothing to do.
        """
        attempt = assignment.attempt
        self.display.doing(attempt.task, "prepares its worktree")
        found, base = self.beginning.look(attempt)
        landing = self.landed.merged([attempt.task]).get(attempt.task)
        if landing is not None:
            raise AlreadyMergedError(
                f"merged as {landing.commit[:10]}, attempt {landing.attempt}, before "
                f"{attempt.agent} "
                "was asked"
            )
        worktree = self.beginning.begin(attempt, base, found)
        attempt = self.journal.update_attempt(
            attempt.id, worktree=str(worktree.path), base_commit=worktree.base_commit
        )
        if self._conflict(attempt) is not None:
            begin_repair(worktree, base)
        return attempt, worktree

    def _conflict(self, attempt: Attempt) -> Attempt | None:
        """The earlier attempt whose conflict this one is to settle; None if there is none."""
        return None if self.beginning.is_anew(attempt) else self.repairing.to_repair(attempt)

    def worktree_of(self, attempt: Attempt, base: str) -> Worktree:
        """The folder in which an attempt works."""
        return self.beginning.worktree_of(attempt, base)

    def run_agent(
        self, assignment: Assignment, attempt: Attempt, worktree: Worktree
    ) -> tuple[Attempt, Result]:
        """Let the agent carry the brief out; the attempt behind its end.

        Its answer is journalled before anything else is done, so that it is not asked again
        whatever fails or dies then.
        """
        task = assignment.task
        steps = steps_for(self.config, task)
        conflict = self._conflict(attempt)
        text = write_brief(
            task,
            assignment.milestone,
            task_file=self.task_file,
            around=self.surveying.around(assignment, attempt.agent),
            verify=[step for step in steps if "branch" in step.on],
            earlier=self._earlier(attempt),
            anew=self.beginning.is_anew(attempt),
            findings=self.findings_for(task.id),
            people=self.surveying.people(task.id),
            conflict=conflict.reason if conflict is not None else "",
            redact=self.redactor.text,
        )

        def note_process(pid: int, started: float) -> None:
            self.journal.update_attempt(attempt.id, pid=pid, pid_started=started)

        def note_progress(session: str | None, used: Usage) -> str | None:
            self.journal.update_attempt(attempt.id, session=session, **used.columns())
            return assignment.meter(used)

        question = Question(
            task=task.id,
            attempt=attempt,
            agent=attempt.agent,
            doing=f"{attempt.agent} works",
            text=text,
            folder=worktree.path,
            stop=assignment.stop,
            settings=settings_for(task, attempt.agent, self.config),
            resume=attempt.session,
            resumed=self._used_by(attempt),
            token_limit=assignment.token_limit,
            on_start=note_process,
            on_progress=note_progress,
        )
        if works_elsewhere(self.config, attempt.agent):
            others_worked = self._others_worked(attempt)
            author = author_of(attempt.agent)
            delivery = self.errands.send(question, author, others_worked=others_worked)
            return self._note_answer(attempt, delivery.result, delivery), delivery.result
        sandbox = settings(attempt.agent, self.config).sandbox
        self.preparing.for_agent(attempt, worktree, sandbox, assignment.stop)
        answered: Result | None = None
        disk: DiskError | None = None
        try:
            with self.worktrees.lent(worktree), self._programs(attempt, worktree) as files:
                answered = self.asking.ask(replace(question, programs=files))
                disk = self._to_blame(answered)
                if disk is not None:
                    answered = replace(answered, outcome=Outcome.STOPPED, summary=str(disk))
                attempt = self._note_answer(attempt, answered)
        except GitError as error:
            if answered is None or answered.outcome in FINISHED:
                raise
            # What it committed comes home when its worktree is used next.
            if disk is None:
                self.display.say(f"{attempt.task}: {error}")
        if disk is not None:
            raise disk
        return attempt, answered

    def _to_blame(self, answered: Result) -> DiskError | None:
        """The disk that kept an agent from finishing, perhaps; None: none did."""
        if answered.outcome in (*FINISHED, Outcome.STOPPED):
            return None
        return self.disks.trouble()

    def _programs(
        self, attempt: Attempt, worktree: Worktree
    ) -> AbstractContextManager[Path | None]:
        """The files that the agent's argv means, where another agent worked in the tree before
        it."""
        if not self._others_worked(attempt):
            return nullcontext()
        return programs_of(
            settings(attempt.agent, self.config),
            self.worktrees,
            self.repository.git,
            place=(f"{attempt.task}.{PROGRAMS}", attempt.number),
            base=worktree.base_commit,
            tree=worktree.path,
        )

    def _others_worked(self, attempt: Attempt) -> bool:
        before = (one for one in self.journal.attempts(attempt.task) if one.number < attempt.number)
        return any(one.agent != attempt.agent for one in before)

    def _note_answer(
        self, attempt: Attempt, result: Result, delivery: Delivery | None = None
    ) -> Attempt:
        """Journal that the agent has ended, and with what; of a worker, what else it did. A session
        that it went on with is known even where it was killed before it told of one."""
        result = replace(result, session=result.session or attempt.session)
        with self.journal.together():
            if delivery is not None:
                self.errands.note(attempt, delivery)
            if result.outcome not in FINISHED:
                return self.journal.advance_attempt(attempt.id, Step.UNFINISHED, **facts(result))
            self.journal.record(
                AgentEnded(
                    outcome=result.outcome.value,
                    denied=result.denied,
                    guess=result.usage.guess,
                    answer=result.answer if attempt.branch is None else "",
                ),
                task=attempt.task,
                attempt=attempt.id,
            )
            return self.journal.advance_attempt(attempt.id, Step.ANSWERED, **facts(result))

    def told(self, attempt: Attempt) -> str:
        """What the agent of a row without a branch has to say: all of its work."""
        ends = self.journal.events(AgentEnded, task=attempt.task, attempt=attempt.id)
        return (ends[-1].what.answer if ends else "") or attempt.summary

    def collect(self, attempt: Attempt) -> Attempt:
        """Bring what the agent left onto its branch: from the remote where it worked elsewhere, and
        what is not committed in its worktree. Done again, it changes nothing.

        Raises:
            GitError: That cannot be done; nothing is lost. Where it is the agent's fault, a person
                sets it right in the worktree.
        """
        if attempt.base_commit is None:
            raise RuntimeError(f"attempt {attempt.id} is {attempt.step}, but has no worktree")
        worktree = self.worktree_of(attempt, attempt.base_commit)
        if attempt.branch is not None:
            author = author_of(attempt.agent)
            delivered = pushed_by_workers(self.journal, attempt)
            if delivered:
                self.errands.follow(worktree, delivered[-1], author)
            try:
                changes.commit_leftovers(
                    worktree,
                    message=leftovers_message(attempt.task, attempt.summary, attempt.number),
                    author=author,
                )
            except GitError as error:
                raise _to_be_settled(error, attempt, worktree) from error
        return self.journal.advance_attempt(
            attempt.id, Step.WORKED, head=changes.head(worktree), worktree=str(worktree.path)
        )

    def clear(self, attempt: Attempt) -> None:
        """Remove the worktree of an attempt whose work is safe elsewhere. Its branch stays.

        A folder that cannot be removed changes nothing about the work: it is named, and left.
        """
        if attempt.worktree is None:
            return
        path = Path(attempt.worktree)
        try:
            self.worktrees.remove(
                ExistingWorktree(path=path, branch=attempt.branch, head=attempt.head)
            )
        except (OSError, GitError) as error:
            self.display.say(f"{attempt.task}: {path} cannot be removed: {error}")

    def denied_to(self, attempt: Attempt) -> str:
        """What the attempt's tool was not allowed to do, although it went on; empty if nothing."""
        ends = self.journal.events(AgentEnded, task=attempt.task, attempt=attempt.id)
        return ends[-1].what.denied if ends else ""

    def findings_for(self, task: str) -> str:
        """What the last review found, for the author's next round; empty if it passed."""
        reviews = self.journal.events(ReviewMade, task=task)
        return "" if not reviews or reviews[-1].what.passed else reviews[-1].what.text

    def _used_by(self, attempt: Attempt) -> Usage:
        """What the session that is resumed had used before: tools report its sum."""
        before = [
            one
            for one in self.journal.attempts(attempt.task)
            if attempt.session is not None
            and one.session == attempt.session
            and one.id != attempt.id
        ]
        numbers = {one.id for one in before}
        # An attempt's sums hold its reviews, which had sessions of their own.
        reviews = (
            event.what.usage
            for event in self.journal.events(UsageBooked, task=attempt.task)
            if event.attempt in numbers
        )
        free = Usage(cost_usd=0.0 if before else None)
        used = reduce(Usage.plus, (one.usage for one in before), free)
        return used.minus(reduce(Usage.plus, reviews, Usage()))

    def _earlier(self, attempt: Attempt) -> str:
        """What became of the attempt before this one, for the brief."""
        before = [one for one in self.journal.attempts(attempt.task) if one.number < attempt.number]
        if not before:
            return ""
        last = before[-1]
        if last.end in (End.REVIEW, End.CONFLICT):
            return ""  # the brief says it elsewhere
        if last.end is End.INTERRUPTED:
            return f"Attempt {last.number} by {last.agent} was cut off before it ended."
        told = last.reason or last.summary
        return f"Attempt {last.number} by {last.agent} ended as {last.outcome}: {told}"


def _to_be_settled(error: GitError, attempt: Attempt, worktree: Worktree) -> GitError:
    """Why what an agent left cannot be committed, and how a person goes on."""
    if isinstance(error, LockedError | DiskError):
        return error
    way = (
        f"Its work is in {worktree.path}: set it right there, then `mission unblock {attempt.task}`"
        f" goes on without the agent; `mission unblock {attempt.task} --anew` asks it again"
    )
    return GitError(error.message, hint=f"{error.hint}. {way}" if error.hint else way)


class Facts(UsageColumns):
    """What the journal keeps of an agent's result."""

    summary: str
    said: Outcome
    session: str | None
    exit_code: int | None


def facts(result: Result) -> Facts:
    """What the journal keeps of an agent's result; it takes secrets out by itself."""
    return Facts(
        summary=result.summary,
        said=result.outcome,
        session=result.session,
        exit_code=result.exit_code,
        **result.usage.columns(),
    )
