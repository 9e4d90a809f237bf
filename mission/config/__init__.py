"""`mission.yaml`: what may stand in it, and how it is read."""

from __future__ import annotations

from mission.config.agents import (
    SHIPPED_AGENTS,
    AgentConfig,
    ClaudeAgentConfig,
    ClaudeToolConfig,
    CodexAgentConfig,
    CommandAgentConfig,
    FakeAgentConfig,
    GlmAgentConfig,
    QaRule,
    ReviewRule,
    RoutingRule,
    SandboxConfig,
    TimeoutsConfig,
    ToolAgentConfig,
)
from mission.config.budget import BudgetConfig, Limit, Price
from mission.config.forge import ForgeConfig
from mission.config.gates import (
    GateConfig,
    NoGateConfig,
    QueueGateConfig,
    ScriptGateConfig,
    VerifyStep,
)
from mission.config.load import load_config, parse_config
from mission.config.merging import MergeConfig
from mission.config.model import (
    AnyAgent,
    AnyForge,
    AnyGate,
    MissionConfig,
    StatusConfig,
    TaskConfig,
)
from mission.config.notify import (
    AppriseConfig,
    CommandNotifierConfig,
    NotifierConfig,
    NotifyConfig,
    WebhookConfig,
)
from mission.config.plugins import configured_by
from mission.config.requests import RequestsConfig
from mission.config.section import Section
from mission.config.tools import McpServer, Tuning
from mission.config.values import Duration, Tokens, format_duration, parse_duration, parse_tokens
from mission.config.worktree import PrepareStep, WorktreeConfig

__all__ = [
    "SHIPPED_AGENTS",
    "AgentConfig",
    "AnyAgent",
    "AnyForge",
    "AnyGate",
    "AppriseConfig",
    "BudgetConfig",
    "ClaudeAgentConfig",
    "ClaudeToolConfig",
    "CodexAgentConfig",
    "CommandAgentConfig",
    "CommandNotifierConfig",
    "Duration",
    "FakeAgentConfig",
    "ForgeConfig",
    "GateConfig",
    "GlmAgentConfig",
    "Limit",
    "McpServer",
    "MergeConfig",
    "MissionConfig",
    "NoGateConfig",
    "NotifierConfig",
    "NotifyConfig",
    "PrepareStep",
    "Price",
    "QaRule",
    "QueueGateConfig",
    "RequestsConfig",
    "ReviewRule",
    "RoutingRule",
    "SandboxConfig",
    "ScriptGateConfig",
    "Section",
    "StatusConfig",
    "TaskConfig",
    "TimeoutsConfig",
    "Tokens",
    "ToolAgentConfig",
    "Tuning",
    "VerifyStep",
    "WebhookConfig",
    "WorktreeConfig",
    "configured_by",
    "format_duration",
    "load_config",
    "parse_config",
    "parse_duration",
    "parse_tokens",
]
