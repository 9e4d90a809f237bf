"""Who gets the tools that tell how the mission stands, and how each tool is told of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from agents.lookup import VARIABLE, Lookup, hindrance, new_token, wanted
from agents.protocol import Brief
from agents.servers import claude_servers, claude_tools, codex_servers
from mission.config import (
    ClaudeAgentConfig,
    CodexAgentConfig,
    CommandAgentConfig,
    McpServer,
    SandboxConfig,
)

_LOOKUP = Lookup(url="http://127.0.0.1:8000/mcp", token=new_token())
_BRIEF = Brief(
    task="A",
    attempt=1,
    agent="sonnet",
    text="Do it.",
    worktree=Path("/tree"),
    log=Path("/log"),
    scratch=Path("/scratch"),
    environment={},
    lookup=_LOOKUP,
)
_NOTES = {"notes": McpServer(run=["notes"])}


def test_tools_that_can_have_it_get_it_unless_it_is_switched_off() -> None:
    assert wanted(ClaudeAgentConfig())
    assert wanted(CodexAgentConfig())
    assert not wanted(ClaudeAgentConfig(lookup=False))
    assert not wanted(CommandAgentConfig(run=["true"]))


def test_what_keeps_it_from_an_agent_is_told() -> None:
    alone = SandboxConfig(type="bubblewrap", network=False)
    assert "no network" in hindrance(CodexAgentConfig(sandbox=alone))
    taken = {"mission_runner": McpServer(run=["notes"])}
    assert "another server" in hindrance(ClaudeAgentConfig(mcp=taken))
    assert hindrance(ClaudeAgentConfig(mcp=_NOTES, sandbox=SandboxConfig(type="bubblewrap"))) == ""


def test_no_token_is_on_a_command_line_or_in_a_word_about_it() -> None:
    told = [*claude_servers(_NOTES, _BRIEF), *codex_servers(_NOTES, _BRIEF)]
    assert VARIABLE in json.dumps(told)
    assert _LOOKUP.token not in json.dumps(told)
    assert _LOOKUP.token not in repr(_BRIEF)


def test_claude_code_has_it_in_its_first_request_and_need_not_ask() -> None:
    (argument,) = claude_servers({}, _BRIEF)
    (server,) = json.loads(argument.partition("=")[2])["mcpServers"].values()
    assert server["alwaysLoad"] is True
    assert claude_tools(_NOTES, _BRIEF) == ["mcp__mission_runner", "mcp__notes"]


def test_codex_waits_for_it() -> None:
    told = codex_servers({}, _BRIEF)
    assert "mcp_servers.mission_runner.required=true" in told
    assert 'mcp_servers.mission_runner.default_tools_approval_mode="approve"' in told


def test_without_it_tools_are_told_what_they_were_told_before() -> None:
    without = replace(_BRIEF, lookup=None)
    assert claude_servers({}, without) == codex_servers({}, without) == []
    assert claude_tools(_NOTES, without) == ["mcp__notes"]
