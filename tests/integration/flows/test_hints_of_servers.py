"""What is said about Prefect's server: the commands that it names are typed as they are printed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from errors import AgentError
from flows.remote import PrefectAgents
from flows.server import LocalServer, ServerError, answers
from flows.trouble import unasked
from tests.hints import asked, commands_in, typed
from tests.prefect_server import new_server
from tests.unit.orchestrator.test_errand import ERRAND
from workspace.git import Git

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def local(
    prefect_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalServer]:
    """The server of a home of its own, which does not run yet."""
    monkeypatch.setenv("MISSION_HOME", str(tmp_path))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    server = new_server(tmp_path / "prefect", prefect_database)
    yield server
    server.stop()


@pytest.mark.slow
def test_the_local_server_is_started_replaced_and_ended(
    local: LocalServer, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(httpx.ConnectError) as refused:
        httpx.get("http://127.0.0.1:9/api", trust_env=False)
    (look,) = commands_in(unasked("give A to a worker", refused.value).hint)
    assert look == "mission server status"
    _, start = commands_in(typed(capsys, look, code=1))
    assert start == "mission server start"
    typed(capsys, start)
    first = local.running()
    assert first is not None
    (secret,) = commands_in(typed(capsys, look))
    assert secret == "mission server status --secret"
    assert local.access().secret in typed(capsys, secret)

    local.secret.file.unlink()
    with pytest.raises(ServerError) as lost:
        local.access()
    (again,) = commands_in(lost.value.hint)
    typed(capsys, again)
    assert local.access().secret
    second = local.running()
    assert second is not None
    assert second != first

    os.kill(second.pid, signal.SIGSTOP)
    monkeypatch.setattr("flows.server.START_SECONDS", 0.0)
    monkeypatch.setattr("flows.server.STOP_SECONDS", 0.5)
    monkeypatch.setattr("flows.server._ANSWER_SECONDS", 0.2)
    monkeypatch.setattr("flows.server.answers", lambda api: answers(api, seconds=0.2))
    with pytest.raises(ServerError, match="does not answer") as silent:
        local.await_answer(second)
    (end,) = commands_in(silent.value.hint)
    assert end == "mission server stop"
    monkeypatch.setattr("flows.server.START_SECONDS", 60.0)
    typed(capsys, end)
    assert local.running() is None


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_api")
def test_agents_that_are_not_deployed(tmp_path: Path, capsys: Capsys) -> None:
    Git(tmp_path).run("init", "--quiet")
    settings = {"type": "command", "run": ["true"], "where": "worker", "pool": "hints"}
    (tmp_path / "mission.yaml").write_text(f"agents: {{hinted: {settings}}}\n")
    (tmp_path / "TASKS.md").write_text("# Tasks\n")
    errand = replace(
        ERRAND, agent="hinted", settings=ERRAND.settings.model_copy(update={"pool": "hints"})
    )
    with pytest.raises(AgentError, match="there is no deployment") as lacks:
        PrefectAgents().start(errand, "key")
    (deploy,) = commands_in(lacks.value.hint)
    assert deploy == "mission deploy"
    typed(capsys, deploy, folder=tmp_path)
    assert PrefectAgents().start(errand, "key")
    (status,) = commands_in(asked(capsys, ["server", "status"])[1]) or (deploy,)
    assert status
