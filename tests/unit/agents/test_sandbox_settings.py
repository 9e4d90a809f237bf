"""What is said about sandboxes, and what bubblewrap is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.sandbox import confine, notice
from mission.config import (
    AgentConfig,
    ClaudeAgentConfig,
    CodexAgentConfig,
    FakeAgentConfig,
    SandboxConfig,
)


def test_an_agent_without_a_sandbox_is_said_so_with_the_remedy() -> None:
    said = notice("haiku", ClaudeAgentConfig()) or ""
    assert said.startswith("haiku runs without a sandbox")
    assert "agents.haiku.sandbox.type: bubblewrap" in said


@pytest.mark.parametrize(
    "config",
    [
        CodexAgentConfig(),
        FakeAgentConfig(),
        ClaudeAgentConfig(sandbox=SandboxConfig(type="bubblewrap")),
        ClaudeAgentConfig(sandbox=SandboxConfig(type="none")),
    ],
)
def test_where_there_is_nothing_to_say_nothing_is_said(config: AgentConfig) -> None:
    assert notice("x", config) is None


def test_without_bubblewrap_the_program_runs_as_it_is(tmp_path: Path) -> None:
    for kind in ("tool", "none"):
        config = SandboxConfig.model_validate({"type": kind})
        assert confine(["a", "b"], tmp_path, config, {}) == ["a", "b"]


def test_a_program_in_the_home_folder_stays_visible_with_its_libraries(tmp_path: Path) -> None:
    home = tmp_path / "home"
    tools = {
        ".nvm/versions/node/v20/bin/node": ".nvm/versions/node/v20",
        "lib/node_modules/pkg/bin/cli.js": "lib/node_modules",
        ".local/bin/tool": ".local/bin",
    }
    for file in tools:
        (home / file).parent.mkdir(parents=True)
        (home / file).touch(mode=0o755)
    for file, shown in tools.items():
        path = str((home / file).parent)
        argv = confine(
            [Path(file).name],
            tmp_path,
            SandboxConfig(type="bubblewrap"),
            {"HOME": str(home), "PATH": path},
        )
        assert str(home / shown) in argv
        assert argv[argv.index("--tmpfs") :].count(str(home)) == 1  # hidden, and nothing more


def test_the_network_is_cut_only_where_asked(tmp_path: Path) -> None:
    on = confine(["a"], tmp_path, SandboxConfig(type="bubblewrap"), {})
    off = confine(["a"], tmp_path, SandboxConfig(type="bubblewrap", network=False), {})
    assert "--unshare-net" not in on
    assert "--unshare-net" in off
