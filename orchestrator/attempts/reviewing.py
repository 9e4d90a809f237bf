"""Review of finished work by another agent, in rounds, before it merges."""

from __future__ import annotations

from dataclasses import dataclass

from agents.protocol import Outcome, Result, Usage
from agents.registry import settings as agent_settings
from agents.review import Review, Verdict, findings_text, read_review, write_review_brief
from agents.routing import matches
from gates.single_writer import touched
from mission.config import ReviewRule
from mission.errors import AgentError, StoppedError
from mission.journal import Attempt, EventKind
from orchestrator.admission.budgeting import refuse_unpriced
from orchestrator.assignment import Assignment
from orchestrator.attempts.asking import Question
from orchestrator.attempts.work import REVIEW, Work, sums
from orchestrator.context import Context
from orchestrator.workers.sending import consult, works_elsewhere
from tasks_md.model import Task
from workspace.attributes import changes_attributes
from workspace.changes import changed_files


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewed:
    """What the review of an attempt came to."""

    passed: bool
    person: bool  # a person has to look: the reviewer says so, or the rounds have run out
    text: str  # verdict and findings


def rule_for(context: Context, task: Task) -> ReviewRule | None:
    """The rule that asks for a review of this row's work."""
    return next((rule for rule in context.config.review if matches(task, rule.match)), None)


def why_a_person(context: Context, task: Task, work: Work) -> str:
    """Why a person looks at the row's work before it merges, whatever agents say of it; empty if
    nobody has to."""
    if any(matches(task, rule.match) for rule in context.config.qa):
        return "a rule of mission.yaml"
    repository, place = context.repository, context.place
    git, base = repository.git, repository.base_tip()
    files = changed_files(git, base, work.head)
    config = place.config_file.relative_to(repository.top).as_posix()
    if touched(files, config):
        return f"it changes {config}, which says what the runner runs and asks"
    if changes_attributes(git, base, work.head, files, context.task_file):
        return f"its .gitattributes change how git stores {context.task_file}"
    return ""


def reviewed_elsewhere(context: Context, assignment: Assignment) -> bool:
    """Whether the row's reviewer works on a worker, and so needs the branch on the remote first."""
    rule = rule_for(context, assignment.task)
    if rule is None or assignment.approved:
        return False
    return works_elsewhere(context, _reviewer(context, rule, assignment.attempt.agent))


def review(context: Context, assignment: Assignment, attempt: Attempt) -> Reviewed | None:
    """Let another agent review the work, if a rule asks for it; None if none does.

    A review of the same commit is not made again after a crash.

    Raises:
        AgentError: No reviewer is left, or the reviewer gave no review.
        BudgetError: Money is limited, and what the reviewer costs is not known.
        StoppedError: The run was stopped meanwhile.
    """
    task = assignment.task
    rule = rule_for(context, task)
    if rule is None:
        return None
    events = context.journal.events(task=task.id, kind=REVIEW)
    rounds = [event for event in events if event.data["chain"] == _chain(context, task.id)]
    if not rounds or rounds[-1].data["head"] != attempt.head:
        made = _make(context, assignment, attempt, rule, [str(e.data["answer"]) for e in rounds])
        number = len(rounds) + 1
        passed, verdict, text = made.passed, made.verdict, findings_text(made)
    else:
        last = rounds[-1].data
        number, passed = len(rounds), bool(last["passed"])
        verdict, text = Verdict(str(last["verdict"])), str(last["text"])
    person = not passed and (verdict is Verdict.PERSON or number >= rule.rounds)
    return Reviewed(passed=passed, person=person, text=text)


def _make(
    context: Context,
    assignment: Assignment,
    attempt: Attempt,
    rule: ReviewRule,
    earlier: list[str],
) -> Review:
    task, work = assignment.task, Work.of(attempt)
    reviewer = _reviewer(context, rule, attempt.agent)
    refuse_unpriced(context.config, reviewer)
    git = context.repository.git
    base = git.text("merge-base", context.repository.base_tip(), work.head)
    text = write_review_brief(
        task,
        assignment.milestone,
        git.run("diff", "--no-color", "--no-ext-diff", "--no-textconv", base, work.head).stdout,
        base=base,
        head=work.head,
        redact=context.redactor.text,
        earlier=[read_review(answer) for answer in earlier],
    )
    result = _asked(context, work, attempt, reviewer, text)
    made = read_review(result.answer or result.summary)
    usage = result.usage
    context.journal.record(
        REVIEW,
        run=context.run,
        task=task.id,
        attempt=attempt.id,
        chain=_chain(context, task.id),
        head=work.head,
        reviewer=reviewer,
        verdict=str(made.verdict),
        passed=made.passed,
        text=findings_text(made),
        answer=made.model_dump_json(),
        tokens=usage.tokens,
        **sums(usage),
    )
    return made


def _asked(context: Context, work: Work, attempt: Attempt, reviewer: str, text: str) -> Result:
    task = attempt.task
    bill = _Bill(context, attempt, reviewer)
    result = consult(
        context,
        Question(
            task=task,
            attempt=attempt,
            agent=reviewer,
            doing=f"{reviewer} reviews",
            text=text,
            folder=context.worktrees.path(f"{task}.review", attempt.number),
            on_progress=lambda _, used: bill.book(used),
        ),
        commit=work.head,
        about="review",
    )
    bill.book(result.usage)
    if result.outcome is Outcome.STOPPED:
        raise StoppedError(f"stopped while {reviewer} reviewed: {context.stop.reason}")
    if result.outcome is not Outcome.SUCCESS:
        raise AgentError(
            f"{reviewer} did not review {task}: {result.outcome}: {result.summary}",
            hint=f"`mission unblock {task}` asks again; the work is kept",
        )
    return result


def _reviewer(context: Context, rule: ReviewRule, author: str) -> str:
    model = agent_settings(author, context.config).model or author
    for name in rule.by:
        if rule.same_model or (agent_settings(name, context.config).model or name) != model:
            return name
    raise AgentError(
        f"no reviewer is left for work of {author}: {', '.join(rule.by)} have its model",
        hint="Name another agent under `review:` in mission.yaml, or set `same_model: true`",
    )


def _chain(context: Context, task: str) -> int:
    """Rounds are counted anew after a person has set the row: the number of such changes."""
    return sum(
        event.data["by"] == "person" for event in context.journal.events(task=task, kind="status")
    )


class _Bill:
    """What a reviewer uses, booked as it comes with the attempt that it reviews: the row pays for
    its review, so that its budget and its report hold it."""

    def __init__(self, context: Context, attempt: Attempt, reviewer: str) -> None:
        self._context = context
        self._attempt = attempt
        self._reviewer = reviewer
        self._booked = Usage()

    def book(self, used: Usage) -> None:
        """The reviewer has used this much by now."""
        if used == self._booked:
            return
        before, self._booked = self._booked, used
        more = Usage(
            input_tokens=used.input_tokens - before.input_tokens,
            cached_tokens=used.cached_tokens - before.cached_tokens,
            output_tokens=used.output_tokens - before.output_tokens,
            cost_usd=None if used.cost_usd is None else used.cost_usd - (before.cost_usd or 0.0),
        )
        journal, attempt = self._context.journal, self._attempt
        # Both or neither: a session that is gone on with is told what the author alone had used.
        with journal.together():
            journal.record(
                EventKind.USAGE,
                run=self._context.run,
                task=attempt.task,
                attempt=attempt.id,
                reviewer=self._reviewer,
                **sums(more),
            )
            journal.update_attempt(
                attempt.id,
                input_tokens=attempt.input_tokens + used.input_tokens,
                output_tokens=attempt.output_tokens + used.output_tokens,
                cached_tokens=attempt.cached_tokens + used.cached_tokens,
                cost_usd=_sum(attempt.cost_usd, used.cost_usd),
            )


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None and second is None else (first or 0.0) + (second or 0.0)
