"""Whether a tool is logged in, told without starting it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents import claude, codex, glm
from agents.login import Login
from mission.config import AgentConfig, ClaudeAgentConfig, CodexAgentConfig, GlmAgentConfig

KEYS = [
    (claude.LOGIN, "ANTHROPIC_API_KEY"),
    (claude.LOGIN, "CLAUDE_CODE_OAUTH_TOKEN"),
    (codex.LOGIN, "CODEX_API_KEY"),
    (glm.LOGIN, "ZAI_API_KEY"),
]


@pytest.mark.parametrize(("login", "key"), KEYS)
def test_a_key_is_enough(login: Login, key: str, tmp_path: Path) -> None:
    assert login.missing({}, tmp_path) == login.remedy
    assert login.missing({key: ""}, tmp_path) == login.remedy
    assert login.missing({key: "planted"}, tmp_path) is None


@pytest.mark.parametrize(
    ("login", "file"),
    [(claude.LOGIN, ".claude/.credentials.json"), (codex.LOGIN, ".codex/auth.json")],
)
def test_a_login_is_where_the_tool_keeps_it(login: Login, file: str, tmp_path: Path) -> None:
    place = tmp_path / file
    place.parent.mkdir()
    place.write_text("what it says is nobody's business", encoding="utf-8")
    assert login.missing({}, tmp_path) is None
    assert login.belongings is not None
    elsewhere = {login.belongings.variable: str(tmp_path / "elsewhere")}
    assert login.missing(elsewhere, tmp_path) == login.remedy


def test_where_the_system_keeps_passwords_the_account_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".claude.json"
    for said in ("not json", "[]", json.dumps({"oauthAccount": None})):
        file.write_text(said, encoding="utf-8")
        assert claude.LOGIN.missing({}, tmp_path) is not None
    file.write_text(json.dumps({"oauthAccount": {"emailAddress": "a@b"}}), encoding="utf-8")
    assert claude.LOGIN.missing({}, tmp_path) is None


@pytest.mark.parametrize(
    ("login", "config"),
    [
        (claude.LOGIN, ClaudeAgentConfig(key="GATEWAY")),
        (codex.LOGIN, CodexAgentConfig(key="GATEWAY")),
        (glm.LOGIN, GlmAgentConfig(key="GATEWAY")),
    ],
)
def test_the_key_that_is_named_is_the_one_that_counts(
    login: Login, config: AgentConfig, tmp_path: Path
) -> None:
    usual = {"ANTHROPIC_API_KEY": "x", "CODEX_API_KEY": "x", "GLM_API_KEY": "x"}
    assert login.missing(usual, tmp_path, config) == "set GATEWAY"
    assert login.missing({"GATEWAY": "x"}, tmp_path, config) is None


def test_a_profile_has_a_login_of_its_own(tmp_path: Path) -> None:
    config = CodexAgentConfig(profile="~/.second")
    environ = {"HOME": str(tmp_path), "CODEX_API_KEY": "of the first"}
    assert codex.LOGIN.missing(environ, tmp_path, config) == codex.LOGIN.remedy
    (tmp_path / ".second").mkdir()
    (tmp_path / ".second/auth.json").touch()
    assert codex.LOGIN.missing(environ, tmp_path, config) is None
