"""The parts of `mission.yaml` that concern agents: tools, routing, reviews."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from mission.config import plugins
from mission.config.kinds import Kinds
from mission.config.section import Section
from mission.config.tools import (
    ClaudeEffort,
    ClaudeOption,
    CodexEffort,
    CodexOption,
    HomePath,
    McpServers,
    Tuning,
)
from mission.config.values import Duration, Tokens


class TimeoutsConfig(Section):
    """How long an agent may take."""

    start: Duration = Field(default=timedelta(minutes=2), description="Until its first output.")
    silence: Duration = Field(default=timedelta(minutes=15), description="Between two outputs.")
    total: Duration = Field(default=timedelta(hours=2), description="For one attempt as a whole.")


class SandboxConfig(Section):
    """What keeps an agent inside its worktree."""

    # What only bubblewrap does, and how it is without it.
    BUBBLEWRAP_KEYS: ClassVar[Mapping[str, object]] = {
        "network": True,
        "readable": [],
        "writable": [],
    }

    type: Literal["tool", "bubblewrap", "none"] = Field(
        default="tool",
        description="The tool's own sandbox, where it has one; bubblewrap, where it is installed;"
        " or none.",
    )
    network: bool = Field(
        default=True,
        description="With bubblewrap: whether it has the network. An agent with a model needs it.",
    )
    readable: list[str] = Field(
        default_factory=list,
        description="With bubblewrap: files and folders that it may read, as in ~/.nvm.",
    )
    writable: list[str] = Field(
        default_factory=list,
        description="With bubblewrap: folders beside the worktree that it may write to.",
    )


class AgentConfig(Section):
    """One agent, by the name that the task file uses for it: the keys that every type has. Each
    type adds its own; those of a plug-in are in its documentation."""

    type: str = Field(
        min_length=1,
        description="The adapter: command, fake, claude, codex, glm, or one that a plug-in adds."
        " Without it, what is shipped for the agent's name, or command.",
    )
    model: str | None = Field(default=None, description="The model that the tool is asked to use.")
    effort: str | None = Field(
        default=None,
        min_length=1,
        description="How hard it is to think; which words there are, its tool says. A `command` is"
        " told in `MISSION_EFFORT`, and its model in `MISSION_MODEL`.",
    )
    environment: list[str] = Field(
        default_factory=list,
        description="Names of environment variables that the agent gets to see.",
    )
    set: dict[str, str] = Field(
        default_factory=dict, description="Environment variables to set, by name."
    )
    timeouts: TimeoutsConfig = Field(
        default_factory=TimeoutsConfig, description="How long this agent may take."
    )
    max_attempts: int = Field(default=3, ge=1, description="Attempts before its task is failed.")
    fallback: str | None = Field(
        default=None, description="The agent that takes over when this one cannot go on."
    )
    provider: str | None = Field(
        default=None,
        description="Agents with the same provider rest together when it limits one of them; by"
        " default the adapter's.",
    )
    base_url: str | None = Field(
        default=None, description="The address of the model's API, where it is not the usual one."
    )
    key: str | None = Field(
        default=None,
        description="The name of the environment variable that holds the API key, where it is not"
        " the usual one.",
    )
    sandbox: SandboxConfig = Field(
        default_factory=SandboxConfig, description="What keeps it inside its worktree."
    )
    where: Literal["here", "worker"] = Field(
        default="here",
        description="Where it carries rows out: in the run's own process, or on a worker, which may"
        " be on another machine. `mission deploy` sets workers up.",
    )
    pool: str = Field(
        default="agents",
        min_length=1,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$",
        description="For `where: worker`: the Prefect work pool whose workers take its rows.",
    )
    parallel: int | None = Field(
        default=None,
        ge=1,
        description="For `where: worker`: rows that all workers together carry out at the same"
        " time; by default as many as are dispatched.",
    )


class CommandAgentConfig(AgentConfig):
    """A program of your own."""

    type: Literal["command"] = Field(default="command", description="Any program.")
    run: list[str] = Field(
        min_length=1, description="The program and its arguments, one list entry each."
    )


class FakeAgentConfig(AgentConfig):
    """An agent without a model, for trials: it succeeds and changes nothing."""

    type: Literal["fake"] = Field(default="fake", description="None: it does nothing.")


class ToolAgentConfig(AgentConfig):
    """What the tools with an adapter of ours have in common."""

    program: str | None = Field(
        default=None,
        description="The program, where it is not on PATH by its own name.",
    )
    profile: HomePath | None = Field(
        default=None,
        description="The tool's own folder, in place of `~/.claude` or `~/.codex`: another login,"
        " which rests by itself, with settings of its own. Of the keys in the environment only that"
        " counts then which `key` names.",
    )
    mcp: McpServers = Field(
        default_factory=dict, description="Servers of tools (MCP) that it has, by name."
    )
    lookup: bool = Field(
        default=True,
        description="Whether it has tools that tell how the mission stands (`mission mcp`), where"
        " the extra `mcp` is installed. They cost some 300 tokens of each request.",
    )
    retries: int = Field(
        default=2,
        ge=0,
        description="How often the tool asks a model again that refused, before the run decides.",
    )


class CodexAgentConfig(ToolAgentConfig):
    """Codex."""

    type: Literal["codex"] = Field(default="codex", description="`codex exec`.")
    effort: CodexEffort | None = Field(default=None, description="How hard it is to think.")
    options: list[CodexOption] = Field(
        default_factory=list,
        description="Further arguments, one list entry each: settings of the model, as in"
        " `--config=model_verbosity=low`. Those that could undo what holds it are refused.",
    )


class ClaudeToolConfig(ToolAgentConfig):
    """What runs through Claude Code has these, whoever answers."""

    effort: ClaudeEffort | None = Field(default=None, description="How hard it is to think.")
    options: list[ClaudeOption] = Field(
        default_factory=list,
        description="Further arguments, one list entry each, as in `--betas=NAME`. Those that could"
        " undo what holds it are refused.",
    )
    allow: list[str] = Field(
        default_factory=list,
        description="The tools that it may use without asking; by default those that read, edit and"
        " run commands.",
    )
    max_turns: int | None = Field(default=None, ge=1, description="Turns before it must end.")


class ClaudeAgentConfig(ClaudeToolConfig):
    """Claude Code."""

    type: Literal["claude"] = Field(default="claude", description="`claude -p`.")


class GlmAgentConfig(ClaudeToolConfig):
    """GLM, through Claude Code."""

    type: Literal["glm"] = Field(default="glm", description="`claude -p` against z.ai.")


#: The agents that need no configuration, by the names that mission files use.
SHIPPED_AGENTS: Mapping[str, AgentConfig] = {
    "codex": CodexAgentConfig(),
    "glm-5.1": GlmAgentConfig(model="glm-5.1"),
    "haiku": ClaudeAgentConfig(model="haiku"),
    "opus": ClaudeAgentConfig(model="opus"),
    "sonnet": ClaudeAgentConfig(model="sonnet"),
}

AGENT_KINDS = Kinds(
    noun="agent",
    group=plugins.AGENTS,
    base=AgentConfig,
    models={
        "command": CommandAgentConfig,
        "claude": ClaudeAgentConfig,
        "codex": CodexAgentConfig,
        "glm": GlmAgentConfig,
        "fake": FakeAgentConfig,
    },
    default="command",
    by_name={name: agent.type for name, agent in SHIPPED_AGENTS.items()},
)


def over_shipped(name: str, given: object) -> object:
    """What `mission.yaml` has for an agent, over what is shipped for its name: unless it says
    itself what type of agent that is."""
    shipped = SHIPPED_AGENTS.get(name)
    if shipped is None or not isinstance(given, dict) or "type" in given:
        return given
    return {"type": shipped.type, **shipped.model_dump(exclude_unset=True), **given}


class RoutingRule(Tuning):
    """Which agent gets a row whose agent cell is `—`. The first rule that matches decides."""

    match: dict[str, str] = Field(
        default_factory=dict,
        description="Column and pattern; every one must match. No entry matches every row.",
    )
    agent: str = Field(min_length=1, description="The agent that gets the row.")


class ReviewRule(Section):
    """Whose work another agent reviews before it merges. The first rule that matches decides."""

    match: dict[str, str] = Field(
        default_factory=dict,
        description="Column and pattern, as in `routing`. No entry matches every row. `agent` is"
        " met by who did the work, too.",
    )
    by: list[str] = Field(
        min_length=1,
        description="Reviewers; the first one whose model is not the author's reviews.",
    )
    rounds: int = Field(
        default=2, ge=1, le=10, description="Reviews before a person has to look (`needs-qa`)."
    )
    estimate: Tokens | None = Field(
        default=None,
        ge=0,
        description="New tokens that are set aside in the budget before a review starts; by default"
        " half of the row's own estimate.",
    )
    same_model: bool = Field(
        default=False, description="Whether a reviewer may have the author's model."
    )


class QaRule(Section):
    """Which finished work always waits for a person before it merges."""

    match: dict[str, str] = Field(
        default_factory=dict,
        description="Column and pattern, as in `routing`. No entry matches every row. `agent` is"
        " met by who did the work, too.",
    )
