"""Asking an agent: a brief with all that it gets, its answer with what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from agents.lookup import VARIABLE, Lookup, hindrance, wanted
from agents.prices import Prices
from agents.protocol import Agent, AgentEvent, Brief, OnProgress, OnStart, Result, Timeouts
from agents.registry import create as create_agent
from agents.registry import environment_names
from agents.registry import settings as agent_settings
from agents.sandbox import notice
from errors import AgentError
from mission.config import AgentConfig, MissionConfig
from mission.journal import Attempt, Journal
from mission.journal.kinds import NoLookup
from mission.outcome import Outcome
from mission.place import Place
from mission.usage import Usage
from orchestrator.ports.display import Display
from orchestrator.workplace.lookup_server import Lookups
from workspace.process import Stop, allowed_environment
from workspace.redact import Redactor


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What an agent is asked."""

    task: str
    attempt: Attempt  # that it belongs to
    agent: str  # who is asked: the attempt's own agent, or its reviewer
    doing: str  # what people see meanwhile
    text: str  # the brief
    folder: Path  # where it works
    stop: Stop  # ends it
    settings: AgentConfig | None = None  # for this row; None: the agent's own
    programs: Path | None = None  # whose files its argv means, where that is another's work
    resume: str | None = None  # the session to go on with
    resumed: Usage = field(default_factory=Usage)  # what that session had used before
    token_limit: int | None = None
    on_start: OnStart | None = None
    on_progress: OnProgress | None = None


class Asking:
    """Puts questions to agents on this machine."""

    def __init__(
        self,
        *,
        place: Place,
        config: MissionConfig,
        lookups: Lookups,
        journal: Journal,
        redactor: Redactor,
        display: Display,
    ) -> None:
        self._place = place
        self._config = config
        self._lookups = lookups
        self._journal = journal
        self._redactor = redactor
        self._display = display
        self._told: set[str] = set()  # agents of which people know that nothing confines them

    def log_of(self, question: Question) -> Path:
        """Where an agent's log is kept: the attempt's own, or one beside it for who else is
        asked."""
        attempt = question.attempt
        log = Path(attempt.log or self._place.logs / f"{attempt.id}.log")
        own = question.agent == attempt.agent
        return log if own else log.with_suffix(f".{question.agent}.log")

    def ask(self, question: Question) -> Result:
        """The agent's answer. Every way to fail is an outcome.

        Raises:
            AgentError: The agent is not configured.
        """
        settings = question.settings or agent_settings(question.agent, self._config)
        agent = self._agent(question.agent, settings)
        missing = agent.missing()
        if missing is not None:
            return Result(outcome=Outcome.BLOCKED, summary=missing)
        attempt = question.attempt
        lookup = self._lookup(question, settings)
        given = settings.set if lookup is None else {**settings.set, VARIABLE: lookup.token}
        brief = Brief(
            task=question.task,
            attempt=attempt.number,
            agent=question.agent,
            text=question.text,
            worktree=question.folder,
            log=self.log_of(question),
            scratch=self._place.state_dir / "scratch" / f"{attempt.id}-{question.agent}",
            environment=allowed_environment(environment_names(settings), given),
            programs=question.programs,
            timeouts=Timeouts(
                start=settings.timeouts.start,
                silence=settings.timeouts.silence,
                total=settings.timeouts.total,
            ),
            resume=question.resume,
            resumed=question.resumed,
            token_limit=question.token_limit,
            lookup=lookup,
            on_start=question.on_start,
            on_progress=question.on_progress,
        )
        redact = self._redactor.text

        def show(event: AgentEvent) -> None:
            self._display.doing(question.task, question.doing, redact(event.text))

        self._display.doing(question.task, question.doing)
        result = agent.run(brief, question.stop, show)
        # An adapter of somebody else's may tell what it should not.
        return replace(result, summary=redact(result.summary), answer=redact(result.answer))

    def _lookup(self, question: Question, settings: AgentConfig) -> Lookup | None:
        """Where the agent looks the mission up. Where it cannot although it is to, the history says
        why."""
        if not wanted(settings):
            return None
        why = hindrance(settings)
        try:
            if not why:
                return self._lookups.offer()
        except AgentError as error:
            why = error.message
        self.note_no_lookup(question, why)
        return None

    def note_no_lookup(self, question: Question, why: str) -> None:
        """Journal why an agent works without."""
        attempt = question.attempt
        without = NoLookup(agent=question.agent, why=self._redactor.text(why))
        self._journal.record(without, task=attempt.task, attempt=attempt.id)

    def _agent(self, name: str, own: AgentConfig) -> Agent:
        """The adapter for an agent name of the file. The first time, people are told if nothing
        keeps it in its worktree.

        Raises:
            AgentError: There is no such adapter.
        """
        agent = create_agent(name, own, prices=Prices.of(self._config))
        unconfined = notice(name, own)
        if unconfined and name not in self._told:
            self._told.add(name)
            self._display.say(unconfined)
        return agent
