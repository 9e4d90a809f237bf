"""Bubblewrap around an agent that does what it must not."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agents.command import CommandAgent
from agents.protocol import AgentEvent, Result
from mission.config import SandboxConfig
from mission.outcome import Outcome
from tests.conftest import CANNOT_EXIST, requires
from tests.integration.agents.briefs import git, make_brief, make_repository, python
from tests.integration.agents.leftovers import MARK, marked, new_mark
from tests.integration.agents.tools import HAIKU
from tests.model_server import ModelServer, Say
from workspace.process import Stop


def _works() -> bool:
    """Whether this machine lets bubblewrap make its namespaces."""
    if shutil.which("bwrap") is None:
        return True  # then `requires` says so
    probe = ["bwrap", "--ro-bind", "/", "/", "--unshare-pid", "true"]
    return subprocess.run(probe, check=False, capture_output=True, timeout=20).returncode == 0


pytestmark = [
    requires("bwrap"),
    requires(system="linux"),
    pytest.mark.skipif(not _works(), reason=f"{CANNOT_EXIST}user namespaces are switched off"),
]

BUBBLEWRAP = SandboxConfig(type="bubblewrap")

OBEYS = """
import json, os, pathlib, subprocess, sys
home, outside, worktree = map(pathlib.Path, sys.argv[1:4])
done = {}
def attempt(name, act):
    try:
        done[name] = act() or True
    except Exception as error:
        done[name] = f"refused: {type(error).__name__}"
def git(*words):
    done = subprocess.run(["git", *words], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()
attempt("work", lambda: (worktree / "work.txt").write_text("x"))
attempt("leave", lambda: (outside / "stray.txt").write_text("x"))
attempt("read home", lambda: (home / "secret.txt").read_text())
done["see others"] = len([name for name in os.listdir("/proc") if name.isdigit()]) > 5
attempt("history", lambda: git("log", "--format=%s", "-1"))
attempt("move a branch", lambda: git("branch", "x"))
attempt("hook", lambda: (worktree / ".git").write_text("gitdir: /tmp"))
print(json.dumps({"outcome": "success", "summary": json.dumps(done)}))
"""


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    """A linked worktree, as the runner makes them."""
    main = make_repository(tmp_path / "main")
    git(main, "worktree", "add", "-q", "--detach", str(tmp_path / "worktree"))
    return tmp_path / "worktree"


def _obey(worktree: Path, sandbox: SandboxConfig) -> tuple[Result, dict[str, object]]:
    home = worktree.parent / "home"
    home.mkdir()
    (home / "secret.txt").write_text("the secret of the home folder", encoding="utf-8")
    outside = worktree.parent / "main"
    agent = CommandAgent([*python(OBEYS), str(home), str(outside), str(worktree)])
    brief = make_brief(worktree, environment={"HOME": str(home)}, sandbox=sandbox)
    result = agent.run(brief, Stop())
    assert result.outcome is Outcome.SUCCESS, result
    told: dict[str, object] = json.loads(result.summary)
    return result, told


def test_an_obedient_agent_cannot_leave_its_worktree(worktree: Path) -> None:
    _, told = _obey(worktree, BUBBLEWRAP)
    assert told["work"] is True or told["work"] == 1
    assert (worktree / "work.txt").exists()
    assert told["history"] == "First"
    for deed in ("read home", "move a branch", "hook"):
        assert str(told[deed]).startswith("refused"), (deed, told)
    assert told["see others"] is False
    assert not (worktree.parent / "main" / "stray.txt").exists()
    assert git(worktree.parent / "main", "branch", "--list", "x") == ""


def test_the_runners_own_folder_is_hidden(worktree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is neither in the home folder nor among temporary files, which are hidden anyway."""
    with TemporaryDirectory(dir="/var/tmp", prefix="mission-home-") as home:
        monkeypatch.setenv("MISSION_HOME", home)
        (Path(home) / "prefect").mkdir()
        (Path(home) / "prefect" / "auth").write_text("the server's secret", encoding="utf-8")
        look = ["sh", "-c", f"ls -A {home}; cat {home}/prefect/auth"]
        for kind, seen in (("none", True), ("bubblewrap", False)):
            sandbox = SandboxConfig.model_validate({"type": kind})
            CommandAgent(look).run(brief := make_brief(worktree, sandbox=sandbox), Stop())
            assert ("the server's secret" in brief.log.read_text(encoding="utf-8")) is seen
            brief.log.unlink()


def test_without_it_the_same_agent_gets_out(worktree: Path) -> None:
    """The deeds are real ones: what stops them above is the sandbox."""
    _, told = _obey(worktree, SandboxConfig(type="none"))
    assert told["leave"]
    assert told["read home"] == "the secret of the home folder"
    assert (worktree.parent / "main" / "stray.txt").exists()


def test_further_folders_can_be_opened(worktree: Path) -> None:
    sandbox = SandboxConfig(
        type="bubblewrap", writable=[str(worktree.parent / "main")], readable=["~/secret.txt"]
    )
    _, told = _obey(worktree, sandbox)
    assert told["leave"]
    assert told["read home"] == "the secret of the home folder"


def test_the_network_can_be_taken_away(worktree: Path) -> None:
    code = (
        "import socket, sys\n"
        "try: socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=5); print('open')\n"
        "except OSError: print('closed')\n"
    )
    with ModelServer(Say(text="?")) as server:
        port = server.url.rpartition(":")[2]
        said = [
            CommandAgent([*python(code), port])
            .run(make_brief(worktree, sandbox=sandbox), Stop())
            .summary
            for sandbox in (BUBBLEWRAP, SandboxConfig(type="bubblewrap", network=False))
        ]
    assert said == ["open", "closed"]


def test_a_stop_leaves_nothing_of_the_sandbox(worktree: Path) -> None:
    mark, stop = new_mark(), Stop()
    code = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'],"
        " start_new_session=True)\n"
        "print('ready', flush=True); time.sleep(300)\n"
    )
    agent = CommandAgent(python(code))
    brief = make_brief(worktree, environment={MARK: mark}, sandbox=BUBBLEWRAP)

    def on_event(event: AgentEvent) -> None:
        if event.text == "ready":
            stop.request("now")

    result = agent.run(brief, stop, on_event)
    assert result.outcome is Outcome.STOPPED
    assert marked(mark) == {}


@requires("claude")
def test_claude_works_inside_it(worktree: Path) -> None:
    home = worktree.parent / "home"
    home.mkdir()
    (home / ".claude").mkdir()
    (home / ".claude.json").write_text("{}", encoding="utf-8")
    brief = make_brief(worktree, environment={"HOME": str(home), **HAIKU.environment})
    with ModelServer(HAIKU.write(worktree, "hello.txt", "hello"), Say(text="Said it.")) as server:
        agent = HAIKU.agent(server, sandbox=BUBBLEWRAP)
        result = agent.run(brief, Stop())
    assert (result.outcome, result.summary) == (Outcome.SUCCESS, "Said it.")
    assert (worktree / "hello.txt").exists()
