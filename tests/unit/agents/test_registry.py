"""Agents by name: shipped, configured, and from other packages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agents import claude, registry
from agents.fake import succeed
from agents.prices import Prices
from agents.profile import profiled
from agents.protocol import Brief
from errors import AgentError, ConfigError
from mission.config import (
    AgentConfig,
    ClaudeAgentConfig,
    CodexAgentConfig,
    CommandAgentConfig,
    FakeAgentConfig,
    GlmAgentConfig,
    McpServer,
    MissionConfig,
    Price,
)
from mission.outcome import Outcome
from tests.plugins import install
from workspace.process import Stop


def _brief(folder: Path) -> Brief:
    return Brief(
        task="T-1",
        attempt=1,
        agent="mine",
        text="",
        worktree=folder,
        log=folder / "log",
        scratch=folder / "scratch",
        environment={},
    )


@pytest.mark.parametrize("name", ["codex", "glm-5.1", "haiku", "sonnet", "opus"])
def test_the_agents_of_mission_files_need_no_configuration(name: str) -> None:
    config = registry.settings(name, MissionConfig())
    assert registry.create(name, config).name == name


def test_configuration_adds_to_what_is_shipped() -> None:
    config = MissionConfig.model_validate({"agents": {"haiku": {"max_turns": 7}}})
    found = registry.settings("haiku", config)
    assert isinstance(found, ClaudeAgentConfig)
    assert (found.type, found.model, found.max_turns) == ("claude", "haiku", 7)


def test_configuration_with_a_type_replaces_what_is_shipped() -> None:
    own = CommandAgentConfig(run=["true"])
    assert registry.settings("haiku", MissionConfig(agents={"haiku": own})) == own


def test_an_unknown_agent_names_the_closest() -> None:
    with pytest.raises(AgentError, match="'sonet'") as caught:
        registry.settings("sonet", MissionConfig())
    assert caught.value.hint.startswith("Did you mean sonnet?")


def test_an_unknown_type_names_the_known_ones() -> None:
    with pytest.raises(AgentError, match="unknown type 'nope'") as caught:
        registry.create("mine", AgentConfig(type="nope"))
    assert caught.value.hint == "Known types: claude, codex, command, fake, glm"


def test_agents_of_one_provider_rest_together() -> None:
    def provider(name: str, **more: str) -> str:
        return registry.provider(
            name, registry.settings(name, MissionConfig()).model_copy(update=more)
        )

    assert provider("haiku") == provider("sonnet") == "anthropic"
    assert provider("glm-5.1") != provider("sonnet")
    assert provider("sonnet", base_url="https://gateway.test") == "https://gateway.test"
    assert provider("sonnet", provider="team") == "team"
    assert registry.provider("mine", CommandAgentConfig(run=["true"])) == "mine"


def test_each_login_rests_by_itself() -> None:
    work = CodexAgentConfig(profile="~/.codex-work")
    assert registry.provider("codex", work) == "openai (~/.codex-work)"
    assert registry.provider("codex", work.model_copy(update={"provider": "us"})) == "us"
    assert registry.provider("codex", CodexAgentConfig()) == "openai"


def test_a_session_is_gone_on_with_in_the_login_that_has_it() -> None:
    work = CodexAgentConfig(profile="/logins/work")
    assert registry.attach(CodexAgentConfig(), "s1") == ("codex", "resume", "s1")
    assert registry.attach(work, "s1") == (
        "env",
        "CODEX_HOME=/logins/work",
        "codex",
        "resume",
        "s1",
    )


def test_of_the_keys_beside_a_profile_that_one_counts_which_is_named() -> None:
    given = {"ANTHROPIC_API_KEY": "one", "ANTHROPIC_AUTH_TOKEN": "two"}
    work = ClaudeAgentConfig(profile="/logins/work")
    folder = {"CLAUDE_CONFIG_DIR": "/logins/work"}
    assert profiled(given, work, claude.BELONGINGS, claude.KEYS) == folder
    keyed = work.model_copy(update={"key": "ANTHROPIC_API_KEY"})
    key = {"ANTHROPIC_API_KEY": "one"}
    assert profiled(given, keyed, claude.BELONGINGS, claude.KEYS) == folder | key
    assert claude.anthropic(given, keyed)["ANTHROPIC_API_KEY"] == "one"


def test_what_its_servers_need_is_seen_too() -> None:
    servers = {
        "docs": McpServer(run=["docs"], environment=["DOCS_TOKEN"]),
        "tickets": McpServer(url="https://tickets.example.org", key="TICKETS_TOKEN"),
    }
    names = registry.environment_names(CodexAgentConfig(mcp=servers))
    assert {"DOCS_TOKEN", "TICKETS_TOKEN"} <= set(names)


def test_each_tool_sees_its_own_credentials_only() -> None:
    codex = registry.environment_names(CodexAgentConfig())
    claude = registry.environment_names(ClaudeAgentConfig(environment=["EXTRA"]))
    assert "CODEX_API_KEY" in codex
    assert "ANTHROPIC_API_KEY" not in codex
    assert "CODEX_API_KEY" not in claude
    assert "EXTRA" in claude
    assert registry.environment_names(CommandAgentConfig(run=["true"])) == ()
    keyed = GlmAgentConfig(key="MY_GLM_KEY")
    assert "MY_GLM_KEY" in registry.environment_names(keyed)


def test_results_say_what_they_cost(tmp_path: Path) -> None:
    prices = Prices(table={"m*": Price(input=1.0, cached=0.1, output=10.0)})
    agent = registry.create("mine", FakeAgentConfig(model="m1"), prices=prices)
    result = agent.run(_brief(tmp_path), Stop())
    assert result.usage.cost_usd is None  # it used nothing
    table = prices.complete(succeed(tokens=4_000_000).usage, "m1")
    assert table.cost_usd == pytest.approx(3 * 1.0 + 1 * 10.0)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("BLOCKED: no database", Outcome.BLOCKED),
        ("NEEDS-QA: the colours", Outcome.NEEDS_QA),
        ("Done.\nNEEDS-QA: none", Outcome.SUCCESS),
    ],
)
def test_an_adapter_of_anybody_s_may_ask_for_a_person(
    said: str, outcome: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = """
from agents.fake import FakeAgent, succeed


def create(name, config):
    return FakeAgent(lambda brief, stop: succeed(brief.text))
"""
    install(tmp_path, "asks_for_missions", source, {"agents:asks": "create"})
    monkeypatch.syspath_prepend(str(tmp_path))
    agent = registry.create("mine", AgentConfig(type="asks"))
    assert agent.run(replace(_brief(tmp_path), text=said), Stop()).outcome is outcome


def test_work_of_an_adapter_that_left_the_sandbox_out_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = """
import subprocess
from agents.protocol import Outcome, Result


class Agent:
    def __init__(self, name, config):
        self.name = name

    def missing(self):
        return None

    def run(self, brief, stop, on_event):
        subprocess.run(["true"], check=True)
        return Result(outcome=Outcome.SUCCESS, summary="Done.")
"""
    install(tmp_path, "forgets_for_missions", source, {"agents:forgets": "Agent"})
    monkeypatch.syspath_prepend(str(tmp_path))
    outcomes = {}
    for kind in ("tool", "bubblewrap"):
        config = AgentConfig.model_validate({"type": "forgets", "sandbox": {"type": kind}})
        outcomes[kind] = registry.create("mine", config).run(_brief(tmp_path), Stop())
    assert outcomes["tool"].outcome is Outcome.SUCCESS
    assert outcomes["bubblewrap"].outcome is Outcome.BLOCKED
    assert "agents.tool.run_tool" in outcomes["bubblewrap"].summary


def _offer(monkeypatch: pytest.MonkeyPatch, folder: Path, value: str) -> None:
    source = """
from agents.fake import FakeAgent


def create(name, config):
    return FakeAgent(name=f"third-party {name}")
"""
    install(folder, "theirs_for_missions", source, {"agents:theirs": value})
    monkeypatch.syspath_prepend(str(folder))


def test_an_entry_point_adds_an_adapter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _offer(monkeypatch, tmp_path, "create")
    assert registry.create("mine", AgentConfig(type="theirs")).name == "third-party mine"
    with pytest.raises(AgentError) as caught:
        registry.create("mine", AgentConfig(type="other"))
    assert "theirs" in caught.value.hint


def test_an_entry_point_that_cannot_be_loaded_says_whose(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _offer(monkeypatch, tmp_path, "no_such_package_x:create")
    with pytest.raises(ConfigError, match=r"'theirs' \(no_such_package_x:create\)"):
        registry.create("mine", AgentConfig(type="theirs"))
