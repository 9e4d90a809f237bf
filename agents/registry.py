"""Every agent adapter by its type, and how one is made from its configuration.

A package of someone else's adds an adapter through the entry point group `mission_runner.agents`:
the entry's name is the type, its value a callable that takes the agent's name and configuration.
The callable's `Config`, a subclass of `AgentConfig`, is the model of its keys in `mission.yaml`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from agents import claude, codex, glm
from agents.claude import ClaudeAgent
from agents.claude_stream import ClaudeReader
from agents.codex import CodexAgent
from agents.codex_stream import CodexReader
from agents.command import CommandAgent
from agents.fake import FakeAgent
from agents.glm import GlmAgent
from agents.last_word import asked_for, end_of
from agents.login import Login
from agents.prices import Prices
from agents.profile import folder_of_profile
from agents.protocol import Agent, Brief, OnEvent, Result, Started, ignore_event
from agents.sandbox import missing_sandbox
from agents.servers import variables
from agents.stream import Reader
from errors import AgentError
from mission.config import (
    SHIPPED_AGENTS,
    AgentConfig,
    ClaudeAgentConfig,
    CodexAgentConfig,
    CommandAgentConfig,
    FakeAgentConfig,
    GlmAgentConfig,
    MissionConfig,
    ToolAgentConfig,
    Tuning,
    plugins,
)
from mission.config.agents import AGENT_KINDS
from mission.outcome import Outcome
from mission.usage import Usage
from tasks_md.nearest import did_you_mean
from workspace.process import Stop

#: Makes an agent from its name in the file and its configuration.
Factory = Callable[[str, AgentConfig], Agent]


@dataclass(frozen=True, kw_only=True, slots=True)
class Adapter:
    """One kind of agent."""

    create: Factory
    provider: str | None = None  # who limits it; None: nobody but the agent's own name
    environment: tuple[str, ...] = ()  # names that it needs from the runner's environment
    model: str | None = None  # what it runs when its configuration names none
    reader: Callable[[], Reader] | None = None  # of its log; None: people read it as it is
    attach: tuple[str, ...] = ()  # what opens a session for a person, before its id
    login: Login | None = None  # its program, and where a login for it is; None: it needs none


_C = TypeVar("_C", bound=AgentConfig)


def _of(model: type[_C], create: Callable[[str, _C], Agent]) -> Factory:
    """A factory that is given the configuration of its own type."""

    def made(name: str, config: AgentConfig) -> Agent:
        if not isinstance(config, model):
            raise TypeError(f"{name} is configured by {type(config).__name__}")
        return create(name, config)

    return made


def _command(name: str, config: CommandAgentConfig) -> Agent:
    return CommandAgent(config.run, name=name, effort=config.effort, model=config.model)


def _fake(name: str, _config: FakeAgentConfig) -> Agent:
    return FakeAgent(name=name)


ADAPTERS: Mapping[str, Adapter] = {
    "claude": Adapter(
        create=_of(ClaudeAgentConfig, ClaudeAgent),
        provider="anthropic",
        environment=claude.CREDENTIALS,
        model=claude.MODEL,
        reader=ClaudeReader,
        attach=("claude", "--resume"),
        login=claude.LOGIN,
    ),
    "codex": Adapter(
        create=_of(CodexAgentConfig, CodexAgent),
        provider="openai",
        environment=codex.CREDENTIALS,
        model=codex.MODEL,
        reader=CodexReader,
        attach=("codex", "resume"),
        login=codex.LOGIN,
    ),
    "command": Adapter(create=_of(CommandAgentConfig, _command)),
    "fake": Adapter(create=_of(FakeAgentConfig, _fake)),
    "glm": Adapter(
        create=_of(GlmAgentConfig, GlmAgent),
        provider="z.ai",
        environment=glm.CREDENTIALS,
        model=glm.MODEL,
        reader=ClaudeReader,
        login=glm.LOGIN,
    ),
}


def settings(name: str, config: MissionConfig) -> AgentConfig:
    """The configuration of the agent that a row or a rule calls `name`: what `mission.yaml` says,
    else what is shipped for that name.

    Raises:
        AgentError: Neither of them knows the name.
    """
    found = known(name, config)
    if found is not None:
        return found
    names = sorted({*SHIPPED_AGENTS, *config.agents})
    otherwise = f"Add it under `agents:` in mission.yaml, or use one of: {', '.join(names)}"
    raise AgentError(
        f"there is no agent called {name!r}", hint=did_you_mean(name, names, otherwise)
    )


def tuned(config: AgentConfig, tuning: Tuning) -> AgentConfig:
    """An agent's configuration as a row or a rule has it. What its type does not accept is an error
    of `mission check`, and no run starts."""
    return config.model_copy(update=tuning.given)


def known(name: str, config: MissionConfig) -> AgentConfig | None:
    """As `settings`; None where neither knows the name."""
    return config.agents.get(name) or SHIPPED_AGENTS.get(name)


def create(name: str, config: AgentConfig, *, prices: Prices | None = None) -> Agent:
    """The agent `name`, made by the adapter that its configuration asks for.

    Args:
        prices: For attempts whose tool does not say what they cost; the shipped ones if not given.

    Raises:
        AgentError: There is no such adapter, or one from an entry point cannot be loaded.
    """
    adapter = _adapter(name, config)
    table = prices if prices is not None else Prices.shipped()
    return _Configured(adapter.create(name, config), config, table, model(name, config))


def provider(name: str, config: AgentConfig) -> str:
    """Who limits this agent. Agents with the same provider rest together; each login has limits of
    its own."""
    adapter = ADAPTERS.get(config.type)
    own = adapter.provider if adapter is not None else None
    found = config.provider or config.base_url or own or name
    profile = config.profile if isinstance(config, ToolAgentConfig) else None
    return f"{found} ({profile})" if profile and not config.provider else found


def model(name: str, config: AgentConfig) -> str:
    """Under what name the price table has what this agent runs: its model, else its own name."""
    adapter = ADAPTERS.get(config.type)
    return config.model or (adapter.model if adapter is not None else None) or name


def environment_names(config: AgentConfig) -> tuple[str, ...]:
    """The names that this agent gets to see of the runner's environment, beside the harmless
    ones: its tool's credentials, and what its configuration lists."""
    adapter = ADAPTERS.get(config.type)
    needed = adapter.environment if adapter is not None else ()
    key = (config.key,) if config.key else ()
    servers = variables(config.mcp) if isinstance(config, ToolAgentConfig) else ()
    return tuple(dict.fromkeys((*needed, *key, *servers, *config.environment)))


def reader(config: AgentConfig) -> Reader | None:
    """What reads this agent's log for people; None: it is no stream of events."""
    adapter = ADAPTERS.get(config.type)
    return adapter.reader() if adapter is not None and adapter.reader is not None else None


def attach(config: AgentConfig, session: str) -> tuple[str, ...]:
    """What a person runs to go on with a session in its worktree; empty: there is nothing.

    A sandboxed tool has a home of its own, and keeps its sessions there. A person's tool must not
    start from that: hooks which the agent wrote there would run outside of the sandbox.
    """
    adapter = ADAPTERS.get(config.type)
    if adapter is None or not adapter.attach or config.sandbox.type == "bubblewrap":
        return ()
    belongings = adapter.login.belongings if adapter.login else None
    if belongings is None or not isinstance(config, ToolAgentConfig) or config.profile is None:
        return (*adapter.attach, session)
    folder = folder_of_profile(config.profile, os.environ)  # where its sessions are
    return ("env", f"{belongings.variable}={folder}", *adapter.attach, session)


def _adapter(name: str, config: AgentConfig) -> Adapter:
    found = ADAPTERS.get(config.type) or _third_party(config.type)
    if found is None:
        raise AgentError(
            f"agent {name!r} is of the unknown type {config.type!r}",
            hint=f"Known types: {', '.join(AGENT_KINDS.names())}",
        )
    return found


def _third_party(kind: str) -> Adapter | None:
    loaded = plugins.load(plugins.AGENTS, kind)
    return Adapter(create=cast("Factory", loaded)) if loaded is not None else None


class _Configured:
    """An agent with what its adapter need not know about, and so cannot forget: it runs in the
    sandbox that is configured, its word that a person is needed counts, and its results say what
    they cost, where the model's price is known."""

    def __init__(self, agent: Agent, config: AgentConfig, prices: Prices, model: str) -> None:
        self.name = agent.name
        self._agent = agent
        self._sandbox = config.sandbox
        self._prices = prices
        self._model = model

    def missing(self) -> str | None:
        return self._agent.missing() or missing_sandbox(self._sandbox)

    def run(self, brief: Brief, stop: Stop, on_event: OnEvent = ignore_event) -> Result:
        started = Started()
        brief = replace(brief, sandbox=self._sandbox, started=started)
        tell = brief.on_progress
        if tell is not None:
            brief = replace(brief, on_progress=lambda session, used: tell(session, self._of(used)))
        result = _last_word(self._agent.run(brief, stop, on_event))
        if self._outside(started, result):
            result = replace(result, outcome=Outcome.BLOCKED, summary=_OUTSIDE.format(self.name))
        return replace(result, usage=self._of(result.usage))

    def _outside(self, started: Started, result: Result) -> bool:
        """Whether something worked where a sandbox is asked for, and not in it."""
        needed = self._sandbox.type == "bubblewrap" and not isinstance(self._agent, FakeAgent)
        return needed and result.outcome in _FINISHED and not started.confined

    def _of(self, usage: Usage) -> Usage:
        return self._prices.complete(usage, self._model)


_FINISHED = (Outcome.SUCCESS, Outcome.NEEDS_QA)  # work that may be merged
_OUTSIDE = (
    "{} did not start its tool with `agents.tool.run_tool`, so it was not in the sandbox that"
    " mission.yaml asks for: its work is not taken; mend the adapter, or set `sandbox.type: tool`"
)


def _last_word(result: Result) -> Result:
    """`result`, or what its agent asks for instead of calling it a success."""
    if result.outcome is not Outcome.SUCCESS:
        return result
    asked = asked_for(f"{end_of(result.answer)}\n{result.summary}")
    return result if asked is None else replace(result, outcome=asked[0], summary=asked[1])
