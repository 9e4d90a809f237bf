"""What the settings and the project tell the real tools: effort, servers, profile, instructions."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agents.protocol import Result
from mission.config import McpServer
from mission.outcome import Outcome
from tests.conftest import requires
from tests.integration.agents import mcp_server
from tests.integration.agents.briefs import git, make_brief, make_repository
from tests.integration.agents.tools import CODEX, HAIKU, Tool, home_environment
from tests.model_server import ModelServer, Say, Step, UseTool
from workspace.process import Stop

pytestmark = [requires("claude", "codex"), requires(system="linux"), pytest.mark.slow]

EVERY_TOOL = pytest.mark.parametrize("tool", [HAIKU, CODEX], ids=lambda tool: tool.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Where one test's agent works."""

    tree: Path
    home: Path

    def run(self, tool: Tool, server: ModelServer, **config: Any) -> Result:
        environment = {**home_environment(self.home), **tool.environment, "NOTES_TOKEN": "planted"}
        brief = make_brief(self.tree, environment=environment)
        return tool.agent(server, **config).run(brief, Stop())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tree=make_repository(tmp_path / "worktree"), home=tmp_path / "home")


def _asks(tool: Tool, name: str) -> Step:
    """The model's wish to use a tool of the server."""
    if tool.program == "codex":
        return UseTool(name=name, namespace="mcp__notes", arguments={"text": "hi"})
    return UseTool(name=f"mcp__notes__{name}", arguments={"text": "hi"})


@EVERY_TOOL
def test_a_server_of_tools_is_used_and_no_other_tool_of_it(tool: Tool, desk: Desk) -> None:
    said = desk.tree.parent / "said.json"
    notes = McpServer(
        run=[sys.executable, "-S", mcp_server.__file__, str(said)],
        environment=["NOTES_TOKEN"],
        set={"NOTES_KIND": "paper"},
        tools=["remember"],
    )
    steps = (_asks(tool, "forget"), _asks(tool, "remember"), Say(text="Fine."))
    with ModelServer(*steps) as server:
        result = desk.run(tool, server, mcp={"notes": notes})
    assert result.outcome is Outcome.SUCCESS, result.summary
    told = json.loads(said.read_text(encoding="utf-8"))
    assert told["asked"] == ["remember"]
    assert (told["token"], told["kind"], told["said"]) == ("planted", "paper", {"text": "hi"})
    assert Path(told["folder"]) == desk.tree.parent / "scratch"  # not where an agent left files


@EVERY_TOOL
def test_it_thinks_as_hard_as_it_is_told_and_both_instructions_reach_it(
    tool: Tool, desk: Desk
) -> None:
    (desk.tree / "AGENTS.md").write_text("Words for agents.\n", encoding="utf-8")
    (desk.tree / "CLAUDE.md").write_text("Words for Claude.\n", encoding="utf-8")
    git(desk.tree, "add", "-A")
    git(desk.tree, "commit", "-qm", "Instructions")
    model = {} if tool.program == "codex" else {"model": "opus"}
    with ModelServer(Say(text="Fine.")) as server:
        assert desk.run(tool, server, effort="low", **model).outcome is Outcome.SUCCESS
    asked = server.turns[0]
    assert str(asked).count("Words for agents.") == str(asked).count("Words for Claude.") == 1
    assert asked["reasoning" if tool.program == "codex" else "output_config"]["effort"] == "low"
    assert git(desk.tree, "status", "--porcelain") == ""


@EVERY_TOOL
def test_a_profile_is_another_login_and_no_key_counts(tool: Tool, desk: Desk) -> None:
    with ModelServer(Say(text="Fine.")) as server:
        missing = tool.agent(server, profile="~/.of-nobody").missing() or ""
        assert "~/.of-nobody is not there" in missing
        work = desk.home / ".work"
        work.mkdir(parents=True)
        _log_in(tool, work)
        result = desk.run(tool, server, profile="~/.work")
    assert result.outcome is Outcome.SUCCESS, result.summary
    headers = {name.lower(): value for name, value in server.headers[0].items()}
    assert "planted-login" in f"{headers.get('authorization')}"
    assert not set(tool.environment.values()) & set(headers.values())
    assert any(work.rglob("*.jsonl"))  # its sessions are there, too


def _log_in(tool: Tool, folder: Path) -> None:
    if tool.program == "codex":
        login: dict[str, Any] = {"auth_mode": "apikey", "OPENAI_API_KEY": "planted-login"}
        (folder / "auth.json").write_text(json.dumps(login), encoding="utf-8")
        return
    login = {
        "claudeAiOauth": {
            "accessToken": "planted-login",
            "refreshToken": "planted-refresh",
            "expiresAt": 4_000_000_000_000,
            "scopes": ["user:inference"],
            "subscriptionType": "max",
        }
    }
    (folder / ".credentials.json").write_text(json.dumps(login), encoding="utf-8")
