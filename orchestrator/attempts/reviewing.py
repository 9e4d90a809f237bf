"""Review of finished work by another agent, in rounds, before it merges."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agents.protocol import Result
from agents.registry import settings as agent_settings
from agents.review import read_review, write_review_brief
from errors import AgentError, StoppedError
from mission.config import ReviewRule
from mission.journal import Attempt
from mission.journal.kinds import NoReview, ReviewMade, StatusSet
from mission.outcome import Outcome
from orchestrator.admission.rests import line_up
from orchestrator.attempts.bill import Bill
from orchestrator.attempts.retrying import decide_after
from orchestrator.attempts.work import Work
from orchestrator.context import Context
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.ends import Unreviewed
from orchestrator.workplace.asking import Question
from orchestrator.workplace.commit_files import REVIEW
from policy.retry import Action
from policy.review import Review, Verdict, findings_text
from policy.rounds import chain, rounds_of, stands, stuck, unchanged
from policy.routing import matches
from tasks_md.model import Task
from workspace.attributes import changes_attributes
from workspace.changes import changed_files

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


def rule_for(context: Context, task: Task) -> ReviewRule | None:
    """The rule that asks for a review of this row's work."""
    agents = _authors(context, task)
    rules = context.config.review
    return next((rule for rule in rules if matches(task, rule.match, agents)), None)


def _authors(context: Context, task: Task) -> frozenset[str]:
    """Everybody who may have written what is on the row's branch."""
    return frozenset(attempt.agent for attempt in context.journal.attempts(task.id))


def why_a_person(context: Context, task: Task, work: Work) -> str:
    """Why a person looks at the row's work before it merges, whatever agents say of it; empty if
    nobody has to."""
    agents = _authors(context, task)
    if any(matches(task, rule.match, agents) for rule in context.config.qa):
        return "a rule of mission.yaml"
    git, base = context.repository.git, context.repository.base_tip()
    files = changed_files(git, base, work.head)
    if changes_attributes(git, base, work.head, files, context.task_file):
        return f"its .gitattributes change how git stores {context.task_file}"
    return context.settings_files.why_agree(files)


def review(
    context: Context, assignment: Assignment, attempt: Attempt
) -> Reviewed | Unreviewed | None:
    """Let the agent that was admitted review the work, if a rule asks for it; None if none does.

    A review is not made again after a crash. An author that changed nothing may have answered in
    words, and its reviewer sees them: that is a round like others, and at the second time in a row
    a person decides.

    Returns:
        What the review came to; or who may review it, if nobody was admitted yet or the one who
        was cannot now.

    Raises:
        AgentError: No reviewer is left, or the reviewer gave no review and will give none.
        StoppedError: The run was stopped meanwhile.
    """
    task = assignment.task
    rule = rule_for(context, task)
    if rule is None:
        return None
    rounds = rounds_of(context.journal.events(ReviewMade, task=task.id), _chain(context, task.id))
    if not rounds or not stands(rounds[-1], attempt):
        if unchanged(rounds, attempt) > 1:
            return Reviewed(passed=False, person=True, text=stuck(rounds[-1], attempt))
        if assignment.reviewer is None:
            return _wanted(context, rule, task, attempt)
        earlier = [event.what.answer for event in rounds]
        made = _make(context, assignment, attempt, assignment.reviewer, earlier)
        if isinstance(made, _NotMade):
            return _next(context, rule, task, attempt, made)
        number = len(rounds) + 1
        passed, verdict, text = made.passed, made.verdict, findings_text(made)
    else:
        last = rounds[-1].what
        number, passed = len(rounds), last.passed
        verdict, text = Verdict(last.verdict), last.text
    person = not passed and (verdict is Verdict.PERSON or number >= rule.rounds)
    return Reviewed(passed=passed, person=person, text=text)


def _make(
    context: Context,
    assignment: Assignment,
    attempt: Attempt,
    reviewer: str,
    earlier: list[str],
) -> Review | _NotMade:
    task, work = assignment.task, Work.of(attempt)
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
        answer=attempt.summary if earlier else "",
    )
    limit = assignment.token_limit
    result = _asked(context, work, attempt, reviewer, text, token_limit=limit)
    if result.outcome is not Outcome.SUCCESS:
        return _NotMade(reviewer=reviewer, result=result)
    try:
        made = read_review(result.answer or result.summary)
    except AgentError as error:
        _note_none(context, attempt, reviewer, _UNREADABLE, error.message)
        raise
    usage = result.usage
    review = ReviewMade(
        chain=_chain(context, task.id),
        head=work.head,
        reviewer=reviewer,
        verdict=made.verdict.value,
        passed=made.passed,
        text=findings_text(made),
        answer=made.model_dump_json(),
        tokens=usage.tokens,
        **usage.columns(),
    )
    context.journal.record(review, run=context.run, task=task.id, attempt=attempt.id)
    return made


def _asked(
    context: Context,
    work: Work,
    attempt: Attempt,
    reviewer: str,
    text: str,
    *,
    token_limit: int | None,
) -> Result:
    task = attempt.task
    bill = Bill(context, attempt, reviewer)
    result = context.errands.consult(
        Question(
            task=task,
            attempt=attempt,
            agent=reviewer,
            doing=f"{reviewer} reviews",
            text=text,
            folder=context.worktrees.path(f"{task}.{REVIEW}", attempt.number),
            token_limit=token_limit,
            on_progress=lambda _, used: bill.book(used),
        ),
        commit=work.head,
        about=REVIEW,
    )
    bill.book(result.usage)
    if result.outcome is Outcome.STOPPED:
        raise StoppedError(f"stopped while {reviewer} reviewed: {context.stop.reason}")
    return result


def _wanted(context: Context, rule: ReviewRule, task: Task, attempt: Attempt) -> Unreviewed:
    """Who may review the attempt's work.

    Raises:
        AgentError: Nobody may.
    """
    half = (task.estimate_tokens or 0) // 2
    return Unreviewed(
        by=_reviewers(context, rule, attempt.agent),
        tokens=half if rule.estimate is None else rule.estimate,
        at=context.clock.now(),
    )


def _next(
    context: Context, rule: ReviewRule, task: Task, attempt: Attempt, failed: _NotMade
) -> Unreviewed:
    """When the review is tried again after one that was not made, and by whom.

    Raises:
        AgentError: It is not, by itself.
    """
    who, result = failed.reviewer, failed.result
    now = _chain(context, task.id)
    before = [
        (event.what.reviewer, Outcome(event.what.outcome))
        for event in context.journal.events(NoReview, task=task.id)
        if event.what.outcome != _UNREADABLE
        and (event.what.chain, event.attempt) == (now, attempt.id)
    ]
    wanted = _wanted(context, rule, task, attempt)
    others = [name for name in wanted.by if name != who]
    untried = [name for name in others if name not in {agent for agent, _ in before}]
    decision = decide_after(
        context,
        result,
        before,
        most=agent_settings(who, context.config).max_attempts,
        fallback=next(iter(untried or others), None),
    )
    _note_none(context, attempt, who, str(result.outcome), decision.reason)
    reason = f"{who} did not review {task.id}: {decision.reason}"
    if decision.action not in (Action.RETRY, Action.PAUSE):
        hint = f"{decision.advice}; `mission unblock {task.id}` asks again, the work is kept"
        raise AgentError(reason, hint=hint)
    if decision.limit is not None:  # its provider rests; who is admitted then is seen then
        at = decision.until or context.clock.now()
        return replace(wanted, at=at, limit=decision.limit, reason=reason)
    by = wanted.by if decision.agent is None else (decision.agent,)
    return replace(wanted, by=by, at=context.clock.now() + decision.delay, reason=reason)


def _note_none(
    context: Context, attempt: Attempt, reviewer: str, outcome: str, reason: str
) -> None:
    """Journal that a reviewer was asked and gave no review: the next time it is asked anew."""
    none = NoReview(
        chain=_chain(context, attempt.task),
        head=attempt.head,
        reviewer=reviewer,
        outcome=outcome,
        reason=reason,
    )
    context.journal.record(none, run=context.run, task=attempt.task, attempt=attempt.id)


def _chain(context: Context, task: str) -> int:
    return chain(context.journal.events(StatusSet, task=task))


def _reviewers(context: Context, rule: ReviewRule, author: str) -> tuple[str, ...]:
    """Those who may review work of `author`, each followed by those who stand in for it."""
    config = context.config
    model = agent_settings(author, config).model or author
    named = [name for one in rule.by for name in line_up(one, config)]
    fit = tuple(
        name
        for name in dict.fromkeys(named)
        if rule.same_model or (agent_settings(name, config).model or name) != model
    )
    if not fit:
        raise AgentError(
            f"no reviewer is left for work of {author}: {', '.join(rule.by)} have its model",
            hint="Name another agent under `review:` in mission.yaml, or set `same_model: true`",
        )
    return fit
