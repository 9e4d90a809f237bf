"""`mission.yaml`: what may stand in it, and how it is read."""

from __future__ import annotations

from mission.config.agents import (
    AgentConfig,
    BudgetConfig,
    Limit,
    Price,
    QaRule,
    ReviewRule,
    RoutingRule,
    SandboxConfig,
    TimeoutsConfig,
)
from mission.config.forge import ForgeConfig
from mission.config.gates import GateConfig, VerifyStep
from mission.config.load import load_config, parse_config
from mission.config.merging import MergeConfig
from mission.config.model import MissionConfig, StatusConfig, TaskConfig
from mission.config.section import Section
from mission.config.values import Duration, Tokens, format_duration, parse_duration, parse_tokens

__all__ = [
    "AgentConfig",
    "BudgetConfig",
    "Duration",
    "ForgeConfig",
    "GateConfig",
    "Limit",
    "MergeConfig",
    "MissionConfig",
    "Price",
    "QaRule",
    "ReviewRule",
    "RoutingRule",
    "SandboxConfig",
    "Section",
    "StatusConfig",
    "TaskConfig",
    "TimeoutsConfig",
    "Tokens",
    "VerifyStep",
    "format_duration",
    "load_config",
    "parse_config",
    "parse_duration",
    "parse_tokens",
]
