"""A tool in a sandbox and the home folder of the person who runs it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agents.claude import BELONGINGS
from agents.home import at_home, refreshed
from agents.protocol import Brief
from mission.config import SandboxConfig
from mission.outcome import Outcome
from tests.conftest import requires
from tests.integration.agents.briefs import git, make_brief, make_repository
from tests.integration.agents.tools import CODEX, HAIKU, Tool, home_environment
from tests.model_server import ModelServer, Say
from workspace.process import Stop

BUBBLEWRAP = SandboxConfig(type="bubblewrap")
LOGIN = {
    "claudeAiOauth": {"accessToken": "a", "refreshToken": "b", "expiresAt": 1, "scopes": ["x"]}
}


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    main = make_repository(tmp_path / "main")
    git(main, "worktree", "add", "-q", "--detach", str(tmp_path / "worktree"))
    return tmp_path / "worktree"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    for name, content in {
        ".claude/settings.json": "{}",
        ".claude/.credentials.json": json.dumps(LOGIN),
        ".claude.json": "{}",
        ".codex/config.toml": 'model_reasoning_effort = "low"\n',
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def _everything(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _brief(worktree: Path, home: Path, tool: Tool | None = None, **more: str | None) -> Brief:
    environment = {**home_environment(home), **(tool.environment if tool else {})}
    return make_brief(worktree, environment=environment, sandbox=BUBBLEWRAP, **more)  # type: ignore[arg-type]


@requires("claude", "codex", "bwrap")
@requires(system="linux")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "file"),
    [
        pytest.param(HAIKU, ".claude/settings.json", id="claude"),
        pytest.param(CODEX, ".codex/config.toml", id="codex"),
    ],
)
def test_what_it_writes_there_does_not_outlive_it_and_its_sessions_do(
    tool: Tool, file: str, worktree: Path, home: Path
) -> None:
    home_environment(home)
    before = _everything(home)
    folder = f"~/{Path(file).parent}"
    plants = f"echo x > ~/{file}; rm -f ~/{file}; mkdir -p {folder}/hooks; echo x > {folder}/new"
    script = f"{plants}; cat ~/{file} > seen\n"
    (worktree / "plant.sh").write_text(script, encoding="utf-8")
    with ModelServer(tool.shell("sh ./plant.sh"), Say(text="Planted.")) as server:
        agent = tool.agent(server, sandbox=BUBBLEWRAP)
        first = agent.run(_brief(worktree, home, tool), Stop())
    assert first.outcome is Outcome.SUCCESS, first
    assert _everything(home) == before
    assert (worktree / "seen").read_bytes() == before[str(home / file)]
    with ModelServer(Say(text="Went on.")) as server:
        agent = tool.agent(server, sandbox=BUBBLEWRAP)
        second = agent.run(_brief(worktree, home, tool, resume=first.session), Stop())
    assert (second.outcome, second.session) == (Outcome.SUCCESS, first.session)
    assert _everything(home) == before


def _left(worktree: Path, home: Path, login: object) -> object:
    """The person's login after a tool has left `login` for its own."""
    brief = _brief(worktree, home)
    with at_home(brief, brief.environment, BELONGINGS) as own:
        assert own is not None
        file = own.own / ".credentials.json"
        assert json.loads(file.read_text(encoding="utf-8")) == LOGIN
        file.write_text(json.dumps(login), encoding="utf-8")
    return json.loads((home / ".claude" / ".credentials.json").read_text(encoding="utf-8"))


def test_a_refreshed_login_comes_back_and_nothing_else_does(worktree: Path, home: Path) -> None:
    fresh = {"claudeAiOauth": {**LOGIN["claudeAiOauth"], "accessToken": "c", "expiresAt": 2}}
    others = [
        {"claudeAiOauth": {**fresh["claudeAiOauth"], "scopes": ["x", "y"]}},
        {**fresh, "apiKeyHelper": "touch canary"},
        {"claudeAiOauth": {**fresh["claudeAiOauth"], "accessToken": ["c"]}},
        [],
        None,
    ]
    for other in others:
        assert _left(worktree, home, other) == LOGIN
    assert [file for file in (worktree.parent / "homes").rglob("*") if file.is_file()] == []
    (home / ".claude" / ".credentials.json").chmod(0o640)
    assert _left(worktree, home, fresh) == fresh
    assert (home / ".claude" / ".credentials.json").stat().st_mode & 0o777 == 0o640


def test_a_login_that_a_person_renewed_meanwhile_stays(worktree: Path, home: Path) -> None:
    brief, login = _brief(worktree, home), home / ".claude" / ".credentials.json"
    with at_home(brief, brief.environment, BELONGINGS) as own:
        assert own is not None
        login.write_text('{"new": "login"}', encoding="utf-8")
        fresh = {"claudeAiOauth": {**LOGIN["claudeAiOauth"], "accessToken": "c"}}
        (own.own / ".credentials.json").write_text(json.dumps(fresh), encoding="utf-8")
    assert login.read_text(encoding="utf-8") == '{"new": "login"}'


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "huge"])
def test_what_is_no_login_is_not_read(kind: str, worktree: Path, home: Path) -> None:
    brief, login = _brief(worktree, home), home / ".claude" / ".credentials.json"
    with at_home(brief, brief.environment, BELONGINGS) as own:
        assert own is not None
        left = own.own / ".credentials.json"
        left.unlink()
        match kind:
            case "link":
                fresh = {"claudeAiOauth": {**LOGIN["claudeAiOauth"], "accessToken": "c"}}
                (home / "other").write_text(json.dumps(fresh), encoding="utf-8")
                left.symlink_to(home / "other")
            case "folder":
                (left / "x").mkdir(parents=True)
            case "pipe":
                os.mkfifo(left)
            case _:
                left.write_bytes(b" " * 100_000 + json.dumps(LOGIN).encode())
        (own.own / "settings.json").symlink_to(home / "other")
    assert json.loads(login.read_text(encoding="utf-8")) == LOGIN
    with at_home(brief, brief.environment, BELONGINGS) as own:  # and the next one begins well
        assert own is not None
        assert json.loads((own.own / ".credentials.json").read_text(encoding="utf-8")) == LOGIN
        assert not os.path.lexists(own.own / "settings.json")


def test_only_tokens_may_differ() -> None:
    given = json.dumps(LOGIN).encode()
    assert not refreshed(given, given)
    assert not refreshed(given, b"[" * 100_000)
    assert not refreshed(given, b"\xff")
