"""The runner's own server of tools (MCP), with which an agent looks up how its mission stands.

It listens on this machine for one run, and answers to who has the run's token. A tool that cannot
reach it works without: nothing of an attempt depends on it.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from mission.config import AgentConfig, ToolAgentConfig
from workspace.redact import register_secret

#: What tools call the server: in Claude Code its tools are `mcp__mission_runner__…`. Codex puts our
#: settings over those of a person's server of the same name, who may well call `mission mcp` just
#: `mission`.
NAME: Final = "mission_runner"
#: The variable that holds the token, for the tool to send along.
VARIABLE: Final = "MISSION_LOOKUP_TOKEN"


_SDK: Final = ((2, 3), (3, 0))  # of its package `mcp`, as pyproject.toml has it: from, and below


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookup:
    """Where an agent looks its mission up."""

    url: str
    token: str = field(repr=False)


def new_token() -> str:
    """A token that nobody guesses, and that every redactor of this process takes out: a build
    that prints its environment prints it."""
    token = secrets.token_urlsafe(32)
    register_secret(token)
    return token


def sdk_hindrance() -> str:
    """What keeps the server from starting here, by what is installed; else empty. Imports
    nothing."""
    try:
        there = version("mcp")
    except PackageNotFoundError:
        return "the extra `mcp` is not installed"
    found = re.match(r"([0-9]{1,6})\.([0-9]{1,6})", there)
    lowest, below = _SDK
    if found is None or not lowest <= (int(found[1]), int(found[2])) < below:
        return f"mcp {there} is installed, and the tools need 2.3 or newer, below 3"
    return ""


def wanted(config: AgentConfig) -> bool:
    """Whether an agent is to have it."""
    return isinstance(config, ToolAgentConfig) and config.lookup


def hindrance(config: AgentConfig) -> str:
    """What keeps an agent that is to have it from that, whatever the server does; else empty."""
    if isinstance(config, ToolAgentConfig) and NAME in config.mcp:
        return f"it has another server of that name, {NAME}"
    if config.sandbox.type == "bubblewrap" and not config.sandbox.network:
        return "its sandbox has no network, not even this machine's"
    return ""
