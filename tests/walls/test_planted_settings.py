"""Settings, hooks and programs that an author leaves in its tree, and the tools that come after."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from mission.outcome import Outcome
from tests.conftest import requires
from tests.integration.agents.briefs import git, make_brief, make_repository
from tests.integration.agents.tools import CODEX, HAIKU, KEY, Tool, home_environment
from tests.model_server import ModelServer, Say, UseTool
from tests.scratch import make, row
from tests.walls.plants import Plants, trust
from workspace.process import Stop

pytestmark = [
    requires("claude", "codex"),
    requires(system="linux"),
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

APPROVAL = json.dumps({"verdict": "approve", "summary": "fine", "findings": []})


# What brings in more of a tree's settings: a skill, a subagent, a file in a folder with its own.
_TRIES = (
    UseTool(name="Skill", arguments={"skill": "planted"}),
    UseTool(
        name="Agent",
        arguments={"subagent_type": "general-purpose", "description": "d", "prompt": "p"},
    ),
    Say(text="The subagent is done."),
    HAIKU.shell("cat nested/.mcp.json"),
)


def test_what_an_author_plants_no_tool_that_comes_after_it_heeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claude Code plants, Codex reviews that, it merges; Codex works on it, Claude Code reviews."""
    plants = Plants(canaries=tmp_path / "canaries")
    plants.grow(tmp_path / "garden")
    for name, value in home_environment(tmp_path / "user").items():
        monkeypatch.setenv(name, value)
    for name in ("ANTHROPIC_API_KEY", "CODEX_API_KEY"):
        monkeypatch.setenv(name, KEY)
    trust(tmp_path / "user", tmp_path / "checkout")
    haiku = (
        HAIKU.shell(f"cp -R {tmp_path}/garden/. ."),
        Say(text="Planted."),
        *_TRIES,
        Say(text=APPROVAL),
    )
    codex = (
        CODEX.shell("true"),
        Say(text=APPROVAL),
        CODEX.shell("echo b > B.txt"),
        Say(text="Wrote B."),
    )
    with ExitStack() as servers:
        agents = {
            name: {
                "base_url": f"{servers.enter_context(ModelServer(*steps)).url}{path}",
                "retries": 0,
                "timeouts": {"total": "2m"},
            }
            for name, steps, path in (("haiku", haiku, ""), ("codex", codex, "/v1"))
        }
        scratch = make(
            tmp_path,
            [row("A", agent="haiku"), row("B", agent="codex", after="A", notes="See $planted.")],
            config={"agents": agents, "review": [{"by": ["codex", "haiku"]}]},
        )
        end = scratch.run(slots=1)
    assert plants.heeded() == []
    assert end.exit_code == 0, [scratch.notes(task) for task in "AB"]
    assert scratch.merged() == ["A", "B"]


def _heeded(tool: Tool, tmp_path: Path, options: list[str]) -> tuple[Outcome, set[str]]:
    """What a tool heeds in a tree with everything planted, in a repository that is trusted."""
    plants = Plants(canaries=tmp_path / "canaries")
    main = make_repository(tmp_path / "main")
    git(main, "worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    plants.grow(tmp_path / "tree")
    environment = {**home_environment(tmp_path / "home"), **tool.environment}
    trust(tmp_path / "home", main)
    brief = make_brief(tmp_path / "tree", environment=environment)
    with ModelServer(tool.shell("true"), Say(text="Done.")) as server:
        result = tool.agent(server, options=options).run(brief, Stop())
    return result.outcome, set(plants.heeded())


def test_the_plants_are_real_ones_for_claude(tmp_path: Path) -> None:
    """A person who asks for the tree's settings gets them: what stops them above is ours."""
    options = ["--setting-sources=user,project,local"]
    outcome, heeded = _heeded(HAIKU, tmp_path, options)
    assert outcome is not Outcome.SUCCESS  # the tree has sent it to another server
    for name in ("settings.json", "settings.local.json"):
        assert {f"tree-{name}-SessionStart", f"tree-{name}-UserPromptSubmit"} <= heeded


def test_the_plants_are_real_ones_for_codex(tmp_path: Path) -> None:
    tree = json.dumps(str(tmp_path / "tree"))
    outcome, heeded = _heeded(
        CODEX, tmp_path, ["-c", f'projects={{{tree}={{trust_level="trusted"}}}}']
    )
    assert outcome is Outcome.SUCCESS
    assert "tree-codex-mcp" in heeded
