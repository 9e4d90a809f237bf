"""The settings with which an agent carries a certain row out."""

from __future__ import annotations

from agents.registry import settings, tuned
from mission.config import AgentConfig, MissionConfig
from policy.routing import tuning
from tasks_md.model import Task


def settings_for(task: Task, agent: str, config: MissionConfig) -> AgentConfig:
    """An agent's settings, with what `tasks` and the routing rules say for this row.

    Raises:
        AgentError: The agent is not configured.
        ConfigError: A routing rule cannot be read.
    """
    return tuned(settings(agent, config), tuning(task, config, agent))
