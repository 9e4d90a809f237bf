"""Planning a placeholder milestone into tasks, with an agent that plans and a person who agrees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from agents.planning import milestone_text, read_plan, write_planning_brief
from agents.protocol import Result
from agents.registry import settings as agent_settings
from errors import AgentError, StoppedError, UsageError
from errors.finding import Finding, Severity
from mission.amounts import counted, moment
from mission.clock import Clock
from mission.config import MissionConfig
from mission.config.document import Document
from mission.journal import Attempt, End, Journal
from mission.journal.kinds import MilestoneExpanded
from mission.outcome import Outcome, advised
from mission.place import Place
from mission.plan import planner_of
from mission.state import Status
from mission.usage import Usage
from orchestrator.admission.budgeting import PLANNING, Budget
from orchestrator.admission.rests import GO_ON, Rests, line_up
from orchestrator.attempts.retrying import Retrying
from orchestrator.claiming.claim import Claim
from orchestrator.kept_plans import KeptPlans
from orchestrator.ports.display import Display
from orchestrator.ports.planner import PlannerAwayError
from orchestrator.soundness.soundness import written_findings
from orchestrator.workers.sending import Errands
from orchestrator.workplace.asking import Question
from orchestrator.workplace.commit_files import PLAN
from policy.backoff import Chance
from policy.retry import Action
from policy.tries import tries
from tasks_md.model import Milestone, Plan, Task
from tasks_md.parse import parse
from tasks_md.writer import StatusWriter
from workspace.process import Stop
from workspace.redact import Redactor
from workspace.repository import Repository
from workspace.worktrees import Worktrees

PATIENCE = timedelta(minutes=10)  # how long a command waits that plans one milestone


@dataclass(frozen=True, kw_only=True, slots=True)
class Expansion:
    """A milestone as an agent would have it."""

    milestone: str
    body: str  # what is to stand in place of the placeholder's text
    before: str  # the whole file as it was
    after: str  # ... and as it would be
    tasks: tuple[Task, ...]  # the new rows
    findings: tuple[Finding, ...]  # warnings and facts about the new rows

    @property
    def subject(self) -> str:
        """What the commit says that brings it to the base."""
        return f"Plan {self.milestone}: {counted(len(self.tasks), 'task')}"


def next_placeholder(plan: Plan) -> Milestone | None:
    """The first placeholder that may be planned: everything before it is done."""
    for milestone in plan.milestones:
        if milestone.placeholder:
            return milestone
        if any(task.status != Status.DONE for task in milestone.tasks):
            return None
    return None


@dataclass(frozen=True, kw_only=True)
class Planning:
    """Placeholders become rows: an agent plans them, and every rule is held against its plan."""

    retrying: Retrying
    errands: Errands
    place: Place
    config: MissionConfig
    document: Document
    journal: Journal
    clock: Clock
    dice: Chance
    writer: StatusWriter
    repository: Repository
    worktrees: Worktrees
    rests: Rests
    redactor: Redactor
    display: Display
    stop: Stop
    claim: Claim

    def expand(self, name: str, *, planner: str | None = None, force: bool = False) -> Expansion:
        """Let an agent plan the milestone, and check its plan with every lint rule. Writes nothing.

        Args:
            planner: The agent; by default `opus` where the file declares it, else its first agent.
                While its provider rests, whoever stands in for it is asked.
            force: Plan it although a milestone before it is not done.

        Raises:
            TaskFileError: There is no such milestone.
            UsageError: It is no placeholder, or a milestone before it is not done.
            PlannerAwayError: It may be asked again later.
            AgentError: The agent gave no plan and will give none, or gave one with errors.
            BudgetError: A limit of the budget does not allow it.
        """
        plan = self.writer.read()
        milestone = placeholder(plan, name, force=force)
        names = planners(plan, self.config, planner)
        agent, until = self.rests.first_at_work(names, self.clock.now())
        if until is not None:
            told = f"the provider of {agent} takes no work"
            raise PlannerAwayError(told, milestone=milestone.id, at=until, agent=agent)
        budget = Budget(self.config, self.journal, self.journal.run, self.clock.now())
        token_limit = budget.admit_planning(milestone.id, agent)
        answer = self._ask(plan, milestone, agent, token_limit)
        body = milestone_text(read_plan(answer), plan, milestone)
        return _checked(self.document, plan, milestone, body)

    def taken_from(self, body: str, name: str, *, force: bool = False) -> Expansion:
        """A plan that was made before, or that a person has edited, checked as an agent's is.

        Raises:
            TaskFileError: There is no such milestone.
            UsageError: It is no placeholder, or a milestone before it is not done.
            AgentError: The plan has errors.
        """
        plan = self.writer.read()
        return _checked(self.document, plan, placeholder(plan, name, force=force), body)

    def expand_patiently(
        self, name: str, *, planner: str | None = None, force: bool = False
    ) -> Expansion:
        """As `expand`; a planner that is away for no longer than `PATIENCE` is waited for.

        Raises:
            StoppedError: A person stopped it meanwhile.
            MissionError: As `expand` raises them.
        """
        while True:
            try:
                return self.expand(name, planner=planner, force=force)
            except PlannerAwayError as away:
                left = away.at - self.clock.now()
                if left > PATIENCE:
                    raise
                at = moment(away.at, self.clock.now())
                self.display.say(f"{name}: {away.message}; asked again at {at}")
                if self.stop.wait(max(0.0, left.total_seconds())):
                    raise StoppedError(f"stopped before {name} was planned") from None
                planner = away.agent

    def write_expansion(self, expansion: Expansion) -> None:
        """Put the rows in place of the placeholder's text. Nothing else changes; a plan that was
        kept for it is forgotten.

        Raises:
            UsageError: The milestone has changed since it was planned.
        """

        def edit(plan: Plan) -> str:
            milestone = plan.milestone(expansion.milestone)
            if not milestone.placeholder:
                raise UsageError(f"{milestone.id} was planned by somebody else meanwhile")
            return _with_body(plan, milestone, expansion.body)

        self.writer.rewrite(edit)
        expanded = MilestoneExpanded(milestone=expansion.milestone, rows=len(expansion.tasks))
        self.journal.record(expanded)
        KeptPlans(place=self.place).forget(expansion.milestone)

    def _ask(self, plan: Plan, milestone: Milestone, agent: str, token_limit: int | None) -> str:
        attempt = self.journal.start_attempt(
            task=milestone.id,
            agent=agent,
            branch=None,
            base_commit=None,
            worktree=None,
            log=str(self.place.logs / f"{milestone.id}-plan.log"),
            route=PLANNING,
        )
        actual = {task: spent.tokens for task, spent in self.journal.spent_by_task().items()}
        redact = self.redactor.text

        def note_progress(_session: str | None, used: Usage) -> None:
            self.journal.update_attempt(attempt.id, **used.columns())

        stop = Stop()
        try:
            with self._heeding_claim(stop):
                result = self.errands.consult(
                    Question(
                        task=milestone.id,
                        attempt=attempt,
                        agent=agent,
                        doing=f"{agent} plans",
                        text=write_planning_brief(
                            plan, milestone, redact=redact, actual_tokens=actual
                        ),
                        folder=self.worktrees.path(f"{milestone.id}.{PLAN}", attempt.number),
                        stop=stop,
                        token_limit=token_limit,
                        on_progress=note_progress,
                    ),
                    commit=self.repository.fetch_base(),
                    about=PLAN,
                )
        finally:
            self.display.doing(milestone.id, "")
        self.journal.end_attempt(
            attempt.id,
            End.AS_SAID,
            said=result.outcome,
            summary=result.summary,
            **result.usage.columns(),
        )
        if result.outcome is Outcome.STOPPED and not self.stop.requested:
            at = self.clock.now()
            raise PlannerAwayError(stop.reason, milestone=milestone.id, at=at, agent=agent)
        if result.outcome is Outcome.STOPPED:
            raise StoppedError(f"stopped while {agent} planned: {self.stop.reason}")
        if result.outcome is not Outcome.SUCCESS:
            raise self._not_planned(attempt, result)
        self.rests.answered(agent, result.outcome)
        return result.answer or result.summary

    @contextmanager
    def _heeding_claim(self, stop: Stop) -> Iterator[None]:
        """Request `stop` with the run's, or as another clone may soon have the mission."""

        def heed() -> None:
            if self.claim.yields:
                stop.give_up("the remote is away, and another clone may soon take the mission")

        with self.stop.passing_on(stop), self.claim.calling(heed):
            heed()  # it may have before
            yield

    def _not_planned(self, attempt: Attempt, result: Result) -> AgentError:
        """What follows from a planner's end that is no success: when it is asked again, or why
        not."""
        agent, milestone = attempt.agent, attempt.task
        settings = agent_settings(agent, self.config)
        before = [
            one
            for one in self.journal.attempts(milestone)
            if (one.run, one.route) == (self.journal.run, PLANNING) and one.id != attempt.id
        ]
        decision = self.retrying.decide_after(
            result, tries(before), most=settings.max_attempts, fallback=settings.fallback
        )
        told = f"{agent} did not plan {milestone}: {decision.reason}"
        if decision.action not in (Action.RETRY, Action.PAUSE):
            advice = decision.advice
            for word in ("retry", "unblock"):
                advice = advice.replace(f"mission {word} ID", "mission expand ID")
            return AgentError(told, hint=advised(advice, milestone))
        now, asked = self.clock.now(), decision.agent or agent
        at = now + decision.delay
        if decision.limit is not None:
            rests, names = self.rests, line_up(agent, self.config)
            rests.begin(agent, decision.limit, now=now, dice=self.dice())
            gave_up = rests.given_up(names)
            if gave_up:
                return AgentError(f"{told}; {gave_up}", hint=GO_ON)
            asked, until = rests.first_at_work(names, now)
            at = until or now
        return PlannerAwayError(told, milestone=milestone, at=at, agent=asked)


def planners(plan: Plan, config: MissionConfig, planner: str | None = None) -> tuple[str, ...]:
    """Who plans: `planner`, else the usual one; then those who stand in for it, in their order.

    Raises:
        AgentError: One of them is not configured.
    """
    return line_up(planner or planner_of(plan), config)


def placeholder(plan: Plan, name: str, *, force: bool) -> Milestone:
    """The milestone that is to be planned.

    Raises:
        TaskFileError: There is none of that name.
        UsageError: It has tasks, or (without `force`) one before it is not done.
    """
    milestone = plan.milestone(name)
    if not milestone.placeholder:
        raise UsageError(
            f"{name} has {counted(len(milestone.tasks), 'task')} already",
            hint="Only a milestone without a table can be planned",
        )
    if not force:
        _refuse_early(plan, milestone)
    return milestone


def _refuse_early(plan: Plan, milestone: Milestone) -> None:
    for earlier in plan.milestones:
        if earlier.id == milestone.id:
            return
        left = [task.id for task in earlier.tasks if task.status != Status.DONE]
        if earlier.placeholder or left:
            why = "is not planned" if earlier.placeholder else f"has open rows: {', '.join(left)}"
            raise UsageError(
                f"{milestone.id} comes after {earlier.id}, which {why}",
                hint="What a milestone needs depends on what the one before brought to light; "
                "--force plans it all the same",
            )


def _checked(document: Document, plan: Plan, milestone: Milestone, body: str) -> Expansion:
    after = _with_body(plan, milestone, body)
    planned = parse(after, path=plan.path, dialect=plan.dialect)
    known = {(finding.rule, finding.message) for finding in written_findings(document, plan)}
    found = written_findings(document, planned)
    new = [one for one in found if (one.rule, one.message) not in known]
    errors = [one for one in new if one.severity is Severity.ERROR]
    rows = planned.milestone(milestone.id).tasks
    if errors or not rows:
        told = "; ".join(one.message for one in errors[:3]) or "it has no rows"
        raise AgentError(
            f"the plan for {milestone.id} has errors: {told}",
            hint=f"Nothing was written; `mission expand {milestone.id} --anew` asks again, or plan "
            "the milestone by hand",
        )
    return Expansion(
        milestone=milestone.id,
        body=body,
        before=plan.text,
        after=after,
        tasks=tuple(rows),
        findings=tuple(new),
    )


def _with_body(plan: Plan, milestone: Milestone, body: str) -> str:
    before, _, after = plan.around(milestone)
    return before + body + after
