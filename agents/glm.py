"""GLM through Claude Code: the same program with an environment, token names and prices of its
own."""

from __future__ import annotations

import os
from collections.abc import Mapping

from agents.claude import BELONGINGS, INSTALL, PROGRAM, ClaudeAgent, common
from agents.login import Login
from agents.profile import profiled
from agents.protocol import Brief, OnEvent, Result, ignore_event
from agents.tool import NETWORK
from mission.config import GlmAgentConfig
from workspace.process import Stop

BASE_URL = "https://api.z.ai/api/anthropic"
MODEL = "glm-5.1"
#: Names that may hold its key, the first that is set counts.
KEYS = ("GLM_API_KEY", "ZAI_API_KEY")
CREDENTIALS = (*KEYS, "CLAUDE_CONFIG_DIR", *NETWORK)
LOGIN = Login(program=PROGRAM, install=INSTALL, keys=KEYS, remedy=f"set {KEYS[0]}")

_TIMEOUT = "3000000"  # milliseconds for one request: its provider's own advice


def zai(given: Mapping[str, str], config: GlmAgentConfig) -> dict[str, str]:
    """The environment that sends every request of the tool, side requests included, to GLM."""
    environment = profiled(common(given, config), config, BELONGINGS, ())
    environment.pop("ANTHROPIC_API_KEY", None)  # it would win over the token below
    token = next((environment[name] for name in _keys(config) if environment.get(name)), None)
    for name in KEYS:
        environment.pop(name, None)
    model = config.model or MODEL
    return {
        **environment,
        "ANTHROPIC_BASE_URL": config.base_url or BASE_URL,
        **({"ANTHROPIC_AUTH_TOKEN": token} if token else {}),
        **{f"ANTHROPIC_DEFAULT_{kind}_MODEL": model for kind in ("HAIKU", "SONNET", "OPUS")},
        "API_TIMEOUT_MS": _TIMEOUT,
    }


def _keys(config: GlmAgentConfig) -> tuple[str, ...]:
    return (config.key,) if config.key else KEYS


class GlmAgent:
    """Runs `claude` against GLM's provider."""

    def __init__(self, name: str, config: GlmAgentConfig) -> None:
        self.name = name
        self._config = config
        through = config.model_copy(update={"model": "sonnet"})  # which stands for GLM there
        self._claude = ClaudeAgent(
            name,
            through,
            environment=lambda given, _: zai(given, config),
            trusts_cost=False,
        )

    def missing(self) -> str | None:
        names = _keys(self._config)
        if not any(os.environ.get(name) or self._config.set.get(name) for name in names):
            return f"{self.name} has no key: set {names[0]} in the environment of the run"
        return self._claude.missing()

    def run(self, brief: Brief, stop: Stop, on_event: OnEvent = ignore_event) -> Result:
        return self._claude.run(brief, stop, on_event)
