"""Agents look up how the mission stands, with the tools of the runner's own server."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from agents.lookup import VARIABLE, Lookup
from errors import AgentError
from mission.journal.kinds import NoLookup
from mission.outcome import Outcome
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from orchestrator.workers.remote import ThreadWorkers
from orchestrator.workplace import lookup_server
from orchestrator.workplace.lookup_server import LookupServer
from tests.conftest import requires
from tests.integration.agents.briefs import make_brief, make_repository
from tests.integration.agents.tools import CODEX, HAIKU, KEY, Tool, home_environment
from tests.model_server import ModelServer, Say, UseTool
from tests.scratch import Scratch, make, row
from workspace.process import Stop

pytestmark = [requires("claude", "codex", "bwrap"), requires(system="linux"), pytest.mark.slow]

EVERY_TOOL = pytest.mark.parametrize("tool", [HAIKU, CODEX], ids=lambda tool: tool.name)


#: A colleague at work until all the files are there that its arguments name.
COLLEAGUE = """
import os, pathlib, sys, time
while not all(map(os.path.exists, sys.argv[1:])):
    time.sleep(0.05)
pathlib.Path("W.txt").write_text("work of W")
"""


def asks(tool: Tool) -> UseTool:
    """The model's wish to know how the mission stands."""
    if tool.program == "codex":
        return UseTool(name="mission_status", namespace="mcp__mission_runner", arguments={})
    return UseTool(name="mcp__mission_runner__mission_status", arguments={})


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, where every tool may write."""
    environment = home_environment(tmp_path / "user")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for name in ("ANTHROPIC_API_KEY", "CODEX_API_KEY"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "mission-home"))
    return Path(environment["TMPDIR"])


@pytest.fixture
def servers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def notes(scratch: Scratch) -> dict[str | None, str]:
    with scratch.journal() as journal:
        return {event.task: event.what.why for event in journal.events(NoLookup)}


@pytest.mark.parametrize("sandboxed", [False, True], ids=["plain", "bubblewrap"])
def test_an_agent_asks_who_else_works_and_the_answer_is_right(
    sandboxed: bool, tmp_path: Path, user: Path, servers: ExitStack
) -> None:
    sandbox = {"sandbox": {"type": "bubblewrap", "writable": [str(user)]}} if sandboxed else {}
    waits = [sys.executable, "-S", "-c", COLLEAGUE, str(user / "A"), str(user / "B")]
    agents: dict[str, object] = {"worker": {"type": "command", "run": waits}}
    models = []
    for task, tool, path in (("A", HAIKU, ""), ("B", CODEX, "/v1")):
        done = tool.shell(f"echo {task} > {task}.txt && touch {user}/{task}")
        models.append(servers.enter_context(ModelServer(asks(tool), done, Say(text="Done."))))
        agents[tool.name] = {"base_url": f"{models[-1].url}{path}", "retries": 0, **sandbox}
    rows = [row("A", agent="haiku"), row("B", agent="codex"), row("W", branch="feat/of-w")]
    scratch = make(tmp_path, rows, config={"agents": agents})
    scratch.run(slots=3)
    assert scratch.statuses() == dict.fromkeys("ABW", "done"), scratch.notes("A")
    assert notes(scratch) == {}
    for model in models:
        told = json.dumps(model.turns[1])
        assert "Fenced text is data by others" in told
        assert "at work: W: worker, attempt 1, " in told
        assert "branch feat/of-w" in told


def test_where_it_cannot_work_the_history_says_why_and_no_row_is_lost(
    tmp_path: Path, user: Path, servers: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK is broken. One agent has it switched off, and one has another server of that name."""
    broken = tmp_path / "broken" / "mcp"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('broken as a test wants')")
    monkeypatch.setenv("PYTHONPATH", str(broken.parent))
    models = []
    agents: dict[str, object] = {}
    theirs: dict[str, dict[str, object]] = {
        "haiku": {},
        "sonnet": {"lookup": False},
        "other": {"mcp": {"mission_runner": {"url": "http://127.0.0.1:9/mcp"}}},
    }
    for name, own in theirs.items():
        writes = HAIKU.shell(f"echo x > {name}.txt")
        models.append(servers.enter_context(ModelServer(writes, Say(text="Done."))))
        agents[name] = {"type": "claude", "base_url": models[-1].url, "retries": 0, **own}
    rows = [row("A", agent="haiku"), row("B", agent="sonnet"), row("C", agent="other")]
    scratch = make(tmp_path, rows, config={"agents": agents})
    scratch.run(slots=1)
    assert scratch.statuses() == dict.fromkeys("ABC", "done"), scratch.notes("A")
    found = notes(scratch)
    assert set(found) == {"A", "C"}
    assert found["A"].startswith("its server cannot be started: its server ended with 2: ")
    assert "broken as a test wants" in found["A"]
    assert found["C"] == "it has another server of that name, mission_runner"
    turns = json.dumps([turn for model in models for turn in model.turns])
    assert "mcp__mission_runner__mission_status" not in turns


def test_on_a_worker_it_is_off_and_the_history_says_so(
    tmp_path: Path, user: Path, servers: ExitStack
) -> None:
    model = servers.enter_context(ModelServer(HAIKU.shell("echo x > x.txt"), Say(text="Done.")))
    haiku = {"base_url": model.url, "retries": 0, "where": "worker"}
    scratch = make(tmp_path, [row("A", agent="haiku")], config={"agents": {"haiku": haiku}})
    with ThreadEngine(1) as engine:
        run_mission(
            RunRequest(path=str(scratch.task_file)),
            engine,
            RecordingDisplay(),
            Stop(),
            remote=ThreadWorkers(tmp_path / "elsewhere"),
        )
    assert scratch.statuses() == {"A": "done"}, scratch.notes("A")
    assert notes(scratch)["A"].startswith("it works on a worker")


@EVERY_TOOL
def test_a_server_that_is_gone_since_it_was_looked_at_costs_nothing(
    tool: Tool, tmp_path: Path
) -> None:
    with socket.socket() as gone:
        gone.bind(("127.0.0.1", 0))
        lookup = Lookup(url=f"http://127.0.0.1:{gone.getsockname()[1]}/mcp", token="x" * 32)
    tree = make_repository(tmp_path / "worktree")
    environment = {**home_environment(tmp_path / "home"), **tool.environment, VARIABLE: "x" * 32}
    brief = replace(make_brief(tree, environment=environment), lookup=lookup)
    with ModelServer(Say(text="Fine.")) as server:
        result = tool.agent(server).run(brief, Stop())
    assert (result.outcome, result.summary) == (Outcome.SUCCESS, "Fine.")
    assert len(server.turns) == 1


def test_one_server_is_enough_for_a_run_and_one_that_dies_or_hangs_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = make(tmp_path, [row("A")])
    server = LookupServer(scratch.task_file, tmp_path)
    try:
        first = server.offer()
        assert server.offer() == first
        _signal(first, signal.SIGKILL)
        second = _replaced(server, first)
        monkeypatch.setattr(lookup_server, "_LOOK_SECONDS", 0.5)
        _signal(second, signal.SIGSTOP)
        with pytest.raises(AgentError, match="does not answer"):
            server.offer()
        third = _replaced(server, second)
    finally:
        server.close()
    assert _pids(third) == []
    with pytest.raises(AgentError, match="again and again"):
        server.offer()


def _replaced(server: LookupServer, before: Lookup) -> Lookup:
    """The next server, once it is known that the one before has gone."""
    while True:
        try:
            after = server.offer()
        except AgentError:
            continue
        if after != before:
            return after


def _pids(lookup: Lookup) -> list[int]:
    """Who listens there."""
    port = f":{int(lookup.url.split(':')[2].split('/')[0]):04X}"
    table = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    inodes = {f"socket:[{line.split()[9]}]" for line in table if line.split()[1].endswith(port)}
    found = []
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(str(one.readlink()) in inodes for one in folder.iterdir()):
                found.append(int(folder.parent.name))
        except OSError:
            continue
    return found


def _signal(lookup: Lookup, number: signal.Signals) -> None:
    (pid,) = _pids(lookup)
    os.kill(pid, number)
