"""Every agent adapter by its type, and how one is made from its configuration.

A package of someone else's adds an adapter through the entry point group `mission_runner.agents`:
the entry's name is the type, its value a callable that takes the agent's name and configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import entry_points

from agents import claude, codex, glm
from agents.claude import ClaudeAgent
from agents.codex import CodexAgent
from agents.command import CommandAgent
from agents.fake import FakeAgent
from agents.glm import GlmAgent
from agents.prices import Prices
from agents.protocol import Agent, Brief, OnEvent, Result, ignore_event
from agents.sandbox import missing_sandbox
from errors import AgentError
from mission.config import AgentConfig, MissionConfig
from mission.usage import Usage
from tasks_md.nearest import did_you_mean
from workspace.process import Stop

#: Makes an agent from its name in the file and its configuration.
Factory = Callable[[str, AgentConfig], Agent]

ENTRY_POINTS = "mission_runner.agents"


@dataclass(frozen=True, kw_only=True, slots=True)
class Adapter:
    """One kind of agent."""

    create: Factory
    provider: str | None = None  # who limits it; None: nobody but the agent's own name
    environment: tuple[str, ...] = ()  # names that it needs from the runner's environment
    model: str | None = None  # what it runs when its configuration names none


def _command(name: str, config: AgentConfig) -> Agent:
    return CommandAgent(config.run, name=name)


def _fake(name: str, _config: AgentConfig) -> Agent:
    return FakeAgent(name=name)


ADAPTERS: Mapping[str, Adapter] = {
    "claude": Adapter(
        create=ClaudeAgent,
        provider="anthropic",
        environment=claude.CREDENTIALS,
        model=claude.MODEL,
    ),
    "codex": Adapter(
        create=CodexAgent, provider="openai", environment=codex.CREDENTIALS, model=codex.MODEL
    ),
    "command": Adapter(create=_command),
    "fake": Adapter(create=_fake),
    "glm": Adapter(create=GlmAgent, provider="z.ai", environment=glm.CREDENTIALS, model=glm.MODEL),
}

#: The agents that need no configuration, by the names that mission files use.
SHIPPED: Mapping[str, AgentConfig] = {
    "codex": AgentConfig(type="codex"),
    "glm-5.1": AgentConfig(type="glm", model="glm-5.1"),
    "haiku": AgentConfig(type="claude", model="haiku"),
    "opus": AgentConfig(type="claude", model="opus"),
    "sonnet": AgentConfig(type="claude", model="sonnet"),
}


def settings(name: str, config: MissionConfig) -> AgentConfig:
    """The configuration of the agent that a row or a rule calls `name`: what `mission.yaml` says,
    over what is shipped for that name.

    Raises:
        AgentError: Neither of them knows the name.
    """
    shipped, own = SHIPPED.get(name), config.agents.get(name)
    if shipped is not None and own is not None and "type" not in own.model_fields_set:
        given = {key: getattr(own, key) for key in own.model_fields_set}
        return shipped.model_copy(update=given)
    found = own or shipped
    if found is not None:
        return found
    known = sorted({*SHIPPED, *config.agents})
    otherwise = f"Add it under `agents:` in mission.yaml, or use one of: {', '.join(known)}"
    raise AgentError(
        f"there is no agent called {name!r}", hint=did_you_mean(name, known, otherwise)
    )


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


def adapter_names() -> tuple[str, ...]:
    """The types that an agent can have: ours, and those of installed packages."""
    return tuple(sorted({*ADAPTERS, *(entry.name for entry in entry_points(group=ENTRY_POINTS))}))


def provider(name: str, config: AgentConfig) -> str:
    """Who limits this agent. Agents with the same provider rest together."""
    adapter = ADAPTERS.get(config.type)
    own = adapter.provider if adapter is not None else None
    return config.provider or config.base_url or own or name


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
    return tuple(dict.fromkeys((*needed, *key, *config.environment)))


def _adapter(name: str, config: AgentConfig) -> Adapter:
    found = ADAPTERS.get(config.type) or _third_party(config.type)
    if found is None:
        raise AgentError(
            f"agent {name!r} is of the unknown type {config.type!r}",
            hint=f"Known types: {', '.join(adapter_names())}",
        )
    return found


def _third_party(kind: str) -> Adapter | None:
    for entry in entry_points(group=ENTRY_POINTS, name=kind):
        try:
            factory: Factory = entry.load()
        except (ImportError, AttributeError) as error:
            raise AgentError(
                f"the agent adapter {kind!r} ({entry.value}) cannot be loaded: {error}",
                hint="Install its package again, or take it out of mission.yaml",
            ) from error
        return Adapter(create=factory)
    return None


class _Configured:
    """An agent with what its adapter need not know about: it is told what keeps it in its worktree,
    and its results say what they cost, where the model's price is known."""

    def __init__(self, agent: Agent, config: AgentConfig, prices: Prices, model: str) -> None:
        self.name = agent.name
        self._agent = agent
        self._sandbox = config.sandbox
        self._prices = prices
        self._model = model

    def missing(self) -> str | None:
        return self._agent.missing() or missing_sandbox(self._sandbox)

    def run(self, brief: Brief, stop: Stop, on_event: OnEvent = ignore_event) -> Result:
        brief = replace(brief, sandbox=self._sandbox)
        tell = brief.on_progress
        if tell is not None:
            brief = replace(brief, on_progress=lambda session, used: tell(session, self._of(used)))
        result = self._agent.run(brief, stop, on_event)
        return replace(result, usage=self._of(result.usage))

    def _of(self, usage: Usage) -> Usage:
        return self._prices.complete(usage, self._model)
