"""The parts of `mission.yaml` that concern agents: tools, routing, budgets."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from mission.config.section import Section
from mission.config.values import Duration, Tokens


class TimeoutsConfig(Section):
    """How long an agent may take."""

    start: Duration = Field(default=timedelta(minutes=2), description="Until its first output.")
    silence: Duration = Field(default=timedelta(minutes=15), description="Between two outputs.")
    total: Duration = Field(default=timedelta(hours=2), description="For one attempt as a whole.")


class AgentConfig(Section):
    """One agent, by the name that the task file uses for it."""

    type: str = Field(
        default="command",
        min_length=1,
        description="The adapter: command, fake, claude, codex, glm, or one that a plug-in adds.",
    )
    run: list[str] = Field(
        default_factory=list,
        description="For `command`: the program and its arguments, one list entry each.",
    )
    model: str | None = Field(default=None, description="The model that the tool is asked to use.")
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


class RoutingRule(Section):
    """Which agent gets a row whose agent cell is `—`. The first rule that matches decides."""

    match: dict[str, str] = Field(
        default_factory=dict,
        description="Column and pattern; every one must match. No entry matches every row.",
    )
    agent: str = Field(min_length=1, description="The agent that gets the row.")


class Limit(Section):
    """How much may be spent; what is not given is not limited."""

    tokens: Tokens | None = Field(
        default=None, ge=0, description="Input and output tokens together."
    )
    usd: float | None = Field(default=None, ge=0, description="Cost in US dollars.")


class BudgetConfig(Section):
    """What may be spent before dispatch stops. Reaching a limit fails no task."""

    task_factor: float | None = Field(
        default=None, gt=0, description="A task may cost this many times its estimate."
    )
    run: Limit = Field(default_factory=Limit, description="For one run.")
    day: Limit = Field(default_factory=Limit, description="For one calendar day, UTC.")
    mission: Limit = Field(default_factory=Limit, description="For the mission as a whole.")
