"""Review of finished work by another agent, in rounds, before it merges."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agents.protocol import Result
from agents.registry import settings as agent_settings
from agents.review import read_review, write_review_brief
from errors import AgentError, StoppedError
from mission.clock import Clock
from mission.config import MissionConfig, ReviewRule
from mission.journal import Attempt, Journal
from mission.journal.kinds import NoReview, ReviewMade, StatusSet
from mission.outcome import ADVICE, Outcome, advised
from mission.usage import Usage
from orchestrator.admission.reviewers import review_tokens, reviewers_of
from orchestrator.attempts.bill import Bill
from orchestrator.attempts.circumstances import Surveying
from orchestrator.attempts.retrying import Retrying
from orchestrator.gating.settings_files import SettingsFiles
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.ends import Unreviewed
from orchestrator.workers.sending import Errands
from orchestrator.workplace.asking import Question
from orchestrator.workplace.commit_files import REVIEW
from orchestrator.workplace.finished import Work
from policy.retry import Action
from policy.review import Review, ReviewVerdict, findings_text
from policy.rounds import chain, rounds_of, stands, stuck, unchanged
from policy.routing import matches
from tasks_md.model import Task
from workspace.attributes import changes_attributes
from workspace.changes import changed_files
from workspace.disks import Disks
from workspace.redact import Redactor
from workspace.repository import Repository
from workspace.worktrees import Worktrees

_UNREADABLE = "unreadable"  # the outcome of a review that cannot be read


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewed:
    """What the review of an attempt came to."""

    passed: bool
    person: bool  # a person has to look: the reviewer says so, or the rounds have run out
    text: str  # verdict and findings


@dataclass(frozen=True, kw_only=True, slots=True)
class _NotMade:
    """A review that a reviewer was asked for and did not make."""

    reviewer: str
    result: Result


@dataclass(frozen=True, kw_only=True)
class Reviewing:
    """Reviews of finished work, and who else has to look at it."""

    surveying: Surveying
    retrying: Retrying
    errands: Errands
    settings_files: SettingsFiles
    config: MissionConfig
    journal: Journal
    clock: Clock
    repository: Repository
    worktrees: Worktrees
    task_file: str
    redactor: Redactor
    disks: Disks

    def rule_for(self, task: Task) -> ReviewRule | None:
        """The rule that asks for a review of this row's work."""
        agents = self._authors(task)
        rules = self.config.review
        return next((rule for rule in rules if matches(task, rule.match, agents)), None)

    def _authors(self, task: Task) -> frozenset[str]:
        """Everybody who may have written what is on the row's branch."""
        return frozenset(attempt.agent for attempt in self.journal.attempts(task.id))

    def why_a_person(self, task: Task, work: Work) -> str:
        """Why a person looks at the row's work before it merges, whatever agents say of it; empty
        if nobody has to."""
        agents = self._authors(task)
        if any(matches(task, rule.match, agents) for rule in self.config.qa):
            return "a rule of mission.yaml"
        git, base = self.repository.git, self.repository.base_tip()
        files = changed_files(git, base, work.head)
        if changes_attributes(git, base, work.head, files, self.task_file):
            return f"its .gitattributes change how git stores {self.task_file}"
        return self.settings_files.why_agree(files)

    def review(self, assignment: Assignment, attempt: Attempt) -> Reviewed | Unreviewed | None:
        """Let the agent that was admitted review the work, if a rule asks for it; None if none
        does.

        A review is not made again after a crash. An author that changed nothing may have answered
        in words, and its reviewer sees them: that is a round like others, and at the second time in
        a row a person decides.

        Returns:
            What the review came to; or who may review it, if nobody was admitted yet or the one who
            was cannot now.

        Raises:
            AgentError: No reviewer is left, or the reviewer gave no review and will give none.
            StoppedError: The run or the row was stopped meanwhile.
        """
        task = assignment.task
        rule = self.rule_for(task)
        if rule is None:
            return None
        reviews = self.journal.events(ReviewMade, task=task.id)
        rounds = rounds_of(reviews, self._chain(task.id), attempt)
        if not rounds or not stands(rounds[-1], attempt):
            if unchanged(rounds, attempt) > 1:
                return Reviewed(passed=False, person=True, text=stuck(rounds[-1], attempt))
            if assignment.reviewer is None:
                return self._wanted(rule, task, attempt)
            earlier = [event.what.answer for event in rounds]
            made = self._make(assignment, attempt, assignment.reviewer, earlier)
            if isinstance(made, _NotMade):
                return self._next(rule, task, attempt, made)
            number = len(rounds) + 1
            passed, verdict, text = made.passed, made.verdict, findings_text(made)
        else:
            last = rounds[-1].what
            number, passed = len(rounds), last.passed
            verdict, text = ReviewVerdict(last.verdict), last.text
        person = not passed and (verdict is ReviewVerdict.PERSON or number >= rule.rounds)
        return Reviewed(passed=passed, person=person, text=text)

    def _make(
        self,
        assignment: Assignment,
        attempt: Attempt,
        reviewer: str,
        earlier: list[str],
    ) -> Review | _NotMade:
        task, work = assignment.task, Work.of(attempt)
        git = self.repository.git
        base = git.text("merge-base", self.repository.base_tip(), work.head)
        text = write_review_brief(
            task,
            assignment.milestone,
            git.run("diff", "--no-color", "--no-ext-diff", "--no-textconv", base, work.head).stdout,
            base=base,
            head=work.head,
            redact=self.redactor.text,
            earlier=[read_review(answer) for answer in earlier],
            answer=attempt.summary,
            verified=self.surveying.verified(task.id, git.tree(work.head)),
            people=self.surveying.people(task.id),
        )
        result = self._asked(assignment, attempt, reviewer, text)
        if result.outcome is not Outcome.SUCCESS:
            return _NotMade(reviewer=reviewer, result=result)
        try:
            made = read_review(result.answer or result.summary)
        except AgentError as error:
            self._note_none(attempt, reviewer, _UNREADABLE, error.message)
            raise
        usage = result.usage
        review = ReviewMade(
            chain=self._chain(task.id),
            head=work.head,
            reviewer=reviewer,
            verdict=made.verdict.value,
            passed=made.passed,
            text=findings_text(made),
            answer=made.model_dump_json(),
            tokens=usage.tokens,
            **usage.columns(),
        )
        self.journal.record(review, task=task.id, attempt=attempt.id)
        return made

    def _asked(self, assignment: Assignment, attempt: Attempt, reviewer: str, text: str) -> Result:
        task = attempt.task
        bill = Bill(attempt, reviewer, journal=self.journal)

        def book(_session: str | None, used: Usage) -> str | None:
            bill.book(used)
            return assignment.meter(attempt.usage.plus(used))

        result = self.errands.consult(
            Question(
                task=task,
                attempt=attempt,
                agent=reviewer,
                doing=f"{reviewer} reviews",
                text=text,
                folder=self.worktrees.path(f"{task}.{REVIEW}", attempt.number),
                stop=assignment.stop,
                token_limit=assignment.token_limit,
                on_progress=book,
            ),
            commit=Work.of(attempt).head,
            about=REVIEW,
        )
        bill.book(result.usage)
        disk = None if result.outcome is Outcome.SUCCESS else self.disks.trouble()
        if disk is not None:
            raise disk
        if result.outcome is Outcome.STOPPED:
            raise StoppedError(f"stopped while {reviewer} reviewed: {assignment.stop.reason}")
        return result

    def _wanted(self, rule: ReviewRule, task: Task, attempt: Attempt) -> Unreviewed:
        """Who may review the attempt's work.

        Raises:
            AgentError: Nobody may.
        """
        return Unreviewed(
            by=reviewers_of(rule, task, attempt.agent, self.config),
            tokens=review_tokens(rule, task),
            at=self.clock.now(),
        )

    def _next(self, rule: ReviewRule, task: Task, attempt: Attempt, failed: _NotMade) -> Unreviewed:
        """When the review is tried again after one that was not made, and by whom.

        Raises:
            AgentError: It is not, by itself.
        """
        who, result = failed.reviewer, failed.result
        now = self._chain(task.id)
        before = [
            (event.what.reviewer, Outcome(event.what.outcome))
            for event in self.journal.events(NoReview, task=task.id)
            if event.what.outcome != _UNREADABLE
            and (event.what.chain, event.attempt) == (now, attempt.id)
        ]
        wanted = self._wanted(rule, task, attempt)
        others = [name for name in wanted.by if name != who]
        untried = [name for name in others if name not in {agent for agent, _ in before}]
        decision = self.retrying.decide_after(
            result,
            before,
            most=agent_settings(who, self.config).max_attempts,
            fallback=next(iter(untried or others), None),
        )
        self._note_none(attempt, who, str(result.outcome), decision.reason)
        reason = f"{who} did not review {task.id}: {decision.reason}"
        if decision.action not in (Action.RETRY, Action.PAUSE):
            advice = advised(ADVICE[result.outcome], task.id)
            way = f"`mission unblock {task.id}`"
            asks = "that asks again" if way in advice else f"{way} asks again"
            hint = f"{advice}; {asks}, the work is kept"
            raise AgentError(reason, hint=hint)
        if decision.limit is not None:  # its provider rests; who is admitted then is seen then
            at = decision.until or self.clock.now()
            return replace(wanted, at=at, limit=decision.limit, reason=reason)
        by = wanted.by if decision.agent is None else (decision.agent,)
        return replace(wanted, by=by, at=self.clock.now() + decision.delay, reason=reason)

    def _note_none(self, attempt: Attempt, reviewer: str, outcome: str, reason: str) -> None:
        """Journal that a reviewer was asked and gave no review: the next time it is asked anew."""
        none = NoReview(
            chain=self._chain(attempt.task),
            head=attempt.head,
            reviewer=reviewer,
            outcome=outcome,
            reason=reason,
        )
        self.journal.record(none, task=attempt.task, attempt=attempt.id)

    def _chain(self, task: str) -> int:
        return chain(self.journal.events(StatusSet, task=task))
