"""Servers of tools (MCP) that an agent has, in each tool's own words.

They are programs of a person's choice, and start in the attempt's scratch folder: `npx` and its
like run what they find in the folder that they start in, and in a worktree that is an agent's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from agents.lookup import NAME, VARIABLE, Lookup
from agents.protocol import Brief
from mission.config import McpServer

Servers = Mapping[str, McpServer]

_STARTUP_SECONDS = 20
# Claude Code has no setting for the folder, and not every `env` knows `-C`.
_IN_FOLDER = 'cd "$1" && shift && exec "$@"'


def variables(servers: Servers) -> tuple[str, ...]:
    """The names of the environment variables that they need."""
    keys = [one.key for one in servers.values() if one.key is not None]
    return (*keys, *(name for one in servers.values() for name in one.environment))


def claude_servers(servers: Servers, brief: Brief) -> list[str]:
    """The arguments that give Claude Code its servers. It fills in `${NAME}` itself, so that no
    secret is on a command line."""
    told = {name: _for_claude(one, brief) for name, one in servers.items()}
    if brief.lookup is not None:
        told[NAME] = _lookup_for_claude(brief.lookup)
    if not told:
        return []
    return [f"--mcp-config={json.dumps({'mcpServers': told})}"]


def claude_tools(servers: Servers, brief: Brief) -> list[str]:
    """What Claude Code may use of them without asking."""
    own = [] if brief.lookup is None else [f"mcp__{NAME}"]
    return own + [
        f"mcp__{name}__{tool}" if tool else f"mcp__{name}"
        for name, one in servers.items()
        for tool in (one.tools or [""])
    ]


def codex_servers(servers: Servers, brief: Brief) -> list[str]:
    """The arguments that give Codex its servers. It starts them outside of its own sandbox."""
    told = {name: _for_codex(one, brief) for name, one in servers.items()}
    if brief.lookup is not None:
        told[NAME] = _lookup_for_codex(brief.lookup)
    return [
        part
        for name, settings in told.items()
        for key, value in settings.items()
        for part in ("-c", f"mcp_servers.{name}.{key}={_toml(value)}")
    ]


def _lookup_for_claude(lookup: Lookup) -> dict[str, object]:
    """Without `alwaysLoad` its tools would not be in the first request, but be sought for."""
    token = {"Authorization": f"Bearer ${{{VARIABLE}}}"}
    return {"type": "http", "url": lookup.url, "headers": token, "alwaysLoad": True}


def _lookup_for_codex(lookup: Lookup) -> dict[str, object]:
    """Unless it is required, Codex begins before it has heard of the tools. Whoever hands it over
    has looked that the server answers: a required one that does not ends Codex."""
    return {
        "url": lookup.url,
        "bearer_token_env_var": VARIABLE,
        "required": True,
        "startup_timeout_sec": _STARTUP_SECONDS,
        "default_tools_approval_mode": "approve",  # nobody is there to be asked
    }


def _for_claude(server: McpServer, brief: Brief) -> dict[str, object]:
    if server.url is not None:
        token = {"Authorization": f"Bearer ${{{server.key}}}"} if server.key else {}
        return {"type": "http", "url": server.url, "headers": token}
    return {
        "type": "stdio",
        "command": "sh",
        "args": ["-c", _IN_FOLDER, "sh", str(brief.scratch), *_argv(server, brief)],
        "env": {**server.set, **{name: f"${{{name}}}" for name in server.environment}},
    }


def _for_codex(server: McpServer, brief: Brief) -> dict[str, object]:
    tools: dict[str, object] = {"enabled_tools": server.tools} if server.tools else {}
    tools["default_tools_approval_mode"] = "approve"  # nobody is there to be asked
    if server.url is not None:
        key = {"bearer_token_env_var": server.key} if server.key else {}
        return {"url": server.url, **key, **tools}
    program, *rest = _argv(server, brief)
    return {
        "command": program,
        "args": rest,
        "cwd": str(brief.scratch),
        "env": dict(server.set),
        "env_vars": server.environment,
        **tools,
    }


def _argv(server: McpServer, brief: Brief) -> list[str]:
    return [part.replace("{worktree}", str(brief.worktree)) for part in server.run]


def _toml(value: object) -> str:
    """A value as TOML, whose texts and lists are JSON's."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)}={_toml(one)}" for key, one in value.items())
        return f"{{{','.join(pairs)}}}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
