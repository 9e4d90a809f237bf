"""Agents by name: shipped, configured, and from other packages."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from agents import registry
from agents.fake import FakeAgent, succeed
from agents.prices import Prices
from agents.protocol import Agent, Brief
from errors import AgentError
from mission.config import AgentConfig, MissionConfig, Price
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
    config = MissionConfig(agents={"haiku": AgentConfig(max_turns=7)})
    found = registry.settings("haiku", config)
    assert (found.type, found.model, found.max_turns) == ("claude", "haiku", 7)


def test_configuration_with_a_type_replaces_what_is_shipped() -> None:
    own = AgentConfig(type="command", run=["true"])
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
    assert registry.provider("mine", AgentConfig(type="command")) == "mine"


def test_each_tool_sees_its_own_credentials_only() -> None:
    codex = registry.environment_names(AgentConfig(type="codex"))
    claude = registry.environment_names(AgentConfig(type="claude", environment=["EXTRA"]))
    assert "CODEX_API_KEY" in codex
    assert "ANTHROPIC_API_KEY" not in codex
    assert "CODEX_API_KEY" not in claude
    assert "EXTRA" in claude
    assert registry.environment_names(AgentConfig(type="command")) == ()
    keyed = AgentConfig(type="glm", key="MY_GLM_KEY")
    assert "MY_GLM_KEY" in registry.environment_names(keyed)


def test_results_say_what_they_cost(tmp_path: Path) -> None:
    prices = Prices(table={"m*": Price(input=1.0, cached=0.1, output=10.0)})
    agent = registry.create("mine", AgentConfig(type="fake", model="m1"), prices=prices)
    result = agent.run(_brief(tmp_path), Stop())
    assert result.usage.cost_usd is None  # it used nothing
    table = prices.complete(succeed(tokens=4_000_000).usage, "m1")
    assert table.cost_usd == pytest.approx(3 * 1.0 + 1 * 10.0)


def third_party(name: str, _config: AgentConfig) -> Agent:
    """What a package of someone else's offers as its entry point."""
    return FakeAgent(name=f"third-party {name}")


def _offer(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    entries = EntryPoints([EntryPoint(name="theirs", value=value, group="mission_runner.agents")])

    def entry_points(group: str, name: str = "") -> EntryPoints:
        found = entries.select(group=group)
        return found.select(name=name) if name else found

    monkeypatch.setattr(registry, "entry_points", entry_points)


def test_an_entry_point_adds_an_adapter(monkeypatch: pytest.MonkeyPatch) -> None:
    _offer(monkeypatch, f"{__name__}:third_party")
    assert registry.create("mine", AgentConfig(type="theirs")).name == "third-party mine"
    with pytest.raises(AgentError) as caught:
        registry.create("mine", AgentConfig(type="other"))
    assert "theirs" in caught.value.hint


def test_an_entry_point_that_cannot_be_loaded_says_whose(monkeypatch: pytest.MonkeyPatch) -> None:
    _offer(monkeypatch, "no_such_package_x:create")
    with pytest.raises(AgentError, match=r"'theirs' \(no_such_package_x:create\)"):
        registry.create("mine", AgentConfig(type="theirs"))
