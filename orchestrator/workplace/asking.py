"""Asking an agent: a brief with all that it gets, its answer with what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from agents.protocol import AgentEvent, Brief, OnProgress, OnStart, Result, Timeouts
from agents.registry import environment_names
from agents.registry import settings as agent_settings
from mission.journal import Attempt
from mission.outcome import Outcome
from mission.usage import Usage
from orchestrator.context import Context
from workspace.process import allowed_environment


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What an agent is asked."""

    task: str
    attempt: Attempt  # that it belongs to
    agent: str  # who is asked: the attempt's own agent, or its reviewer
    doing: str  # what people see meanwhile
    text: str  # the brief
    folder: Path  # where it works
    programs: Path | None = None  # whose files its argv means, where that is another's work
    resume: str | None = None  # the session to go on with
    resumed: Usage = field(default_factory=Usage)  # what that session had used before
    token_limit: int | None = None
    on_start: OnStart | None = None
    on_progress: OnProgress | None = None


def log_of(context: Context, question: Question) -> Path:
    """Where an agent's log is kept: the attempt's own, or one beside it for who else is asked."""
    attempt = question.attempt
    log = Path(attempt.log or context.place.logs / f"{attempt.id}.log")
    own = question.agent == attempt.agent
    return log if own else log.with_suffix(f".{question.agent}.log")


def ask(context: Context, question: Question) -> Result:
    """The agent's answer. Every way to fail is an outcome.

    Raises:
        AgentError: The agent is not configured.
    """
    settings = agent_settings(question.agent, context.config)
    agent = context.agent(question.agent)
    missing = agent.missing()
    if missing is not None:
        return Result(outcome=Outcome.BLOCKED, summary=missing)
    attempt = question.attempt
    brief = Brief(
        task=question.task,
        attempt=attempt.number,
        agent=question.agent,
        text=question.text,
        worktree=question.folder,
        log=log_of(context, question),
        scratch=context.place.state_dir / "scratch" / f"{attempt.id}-{question.agent}",
        environment=allowed_environment(environment_names(settings), settings.set),
        programs=question.programs,
        timeouts=Timeouts(
            start=settings.timeouts.start,
            silence=settings.timeouts.silence,
            total=settings.timeouts.total,
        ),
        resume=question.resume,
        resumed=question.resumed,
        token_limit=question.token_limit,
        on_start=question.on_start,
        on_progress=question.on_progress,
    )

    def show(event: AgentEvent) -> None:
        context.display.doing(question.task, question.doing, context.redactor.text(event.text))

    context.display.doing(question.task, question.doing)
    result = agent.run(brief, context.stop, show)
    # An adapter of somebody else's may tell what it should not.
    redact = context.redactor.text
    return replace(result, summary=redact(result.summary), answer=redact(result.answer))
