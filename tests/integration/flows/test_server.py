"""The local Prefect server: found, shared, started again, replaced, stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import pytest

from flows.server import LocalServer, ServerError, answers
from flows.server_record import Server
from flows.server_secret import fingerprint
from mission.private import put_private
from tests.prefect_server import new_server
from workspace.process import allowed_environment

MISSION = [sys.executable, "-m", "cli", "server"]
SECRET = "somebody:with-a-long-secret"


@pytest.fixture
def folder(prefect_database: Path, tmp_path: Path) -> Iterator[Path]:
    """A server's folder with a database that needs no migrations, and nothing running."""
    server = new_server(tmp_path / "prefect", prefect_database)
    yield server.folder
    server.stop()


def mission_server(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run `mission server` as a person with this home does."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    done = subprocess.run(
        [*MISSION, *arguments],
        env={**clean, "MISSION_HOME": str(folder.parent), **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_two_at_the_same_moment_share_one_server_as_a_person_sees_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One test from its start to its end: each start costs seconds of the processor's time."""
    code, out, _ = mission_server(folder, "status", "--json")
    assert (code, json.loads(out)["running"]) == (1, False)
    code, out, _ = mission_server(folder, "stop")
    assert (code, out) == (0, "No server was running\n")

    # The settings of others do not reach it.
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "sqlite:////nowhere/x.db")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    notes: list[str] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        ours = pool.submit(LocalServer(folder).ensure, notes.append)
        theirs = pool.submit(mission_server, folder, "start", "--json")
        server = ours.result()
        code, out, err = theirs.result()
    facts = json.loads(out)
    assert code == 0
    assert (facts["pid"], facts["api"]) == (server.pid, server.api)
    assert len(notes) + err.count("Starting the local Prefect server") == 1
    assert answers(server.api)

    secret = LocalServer(folder).access().secret
    code, out, _ = mission_server(folder, "status")
    assert code == 0
    assert out.splitlines()[0] == f"{server.pages} answers"
    assert str(folder / "auth") in out
    assert secret not in out
    code, out, _ = mission_server(folder, "status", "--secret")
    assert f"Log in with {secret}\n" in out

    _a_killed_one_is_started_again_at_the_same_address(folder, server)
    _one_of_an_older_runner_is_replaced(folder)

    code, out, _ = mission_server(folder, "stop", "--json")
    assert (code, json.loads(out)) == (0, {"stopped": True})
    assert LocalServer(folder).running() is None
    assert not answers(server.api)


def _a_killed_one_is_started_again_at_the_same_address(folder: Path, first: Server) -> None:
    os.killpg(first.pid, signal.SIGKILL)
    second = LocalServer(folder).ensure()
    assert second.pid != first.pid
    assert second.port == first.port
    assert second.secret == first.secret  # whoever is at work with it goes on


def _one_of_an_older_runner_is_replaced(folder: Path) -> None:
    """Its record is as a runner left it that knew of no secrets."""
    record = folder / "server.json"
    older = json.loads(record.read_text())
    secret = older.pop("secret")
    record.write_text(json.dumps(older))
    _, out, _ = mission_server(folder, "status")
    assert "It asks for no secret" in out
    notes: list[str] = []
    newer = LocalServer(folder).ensure(notes.append)
    assert newer.pid != older["pid"]
    assert newer.secret == secret
    assert notes[0].startswith("Replacing the local Prefect server of an older runner")
    assert [(folder / name).exists() for name in ("server.log", "server.log.1")] == [True, True]


# A client whose server is killed while both start.
CLIENT = """
import os, signal, time
from flows import reach
from flows.server import LocalServer, answers
load = reach.load_prefect
def load_while_it_is_killed():
    load()
    os.killpg(LocalServer().running().pid, signal.SIGKILL)
    while LocalServer().running():
        time.sleep(0.01)
reach.load_prefect = load_while_it_is_killed
reached = reach.reach(print)
print("answers" if answers(reached.api) else "does not answer")
"""


def test_one_that_is_killed_while_its_client_starts_is_started_again_and_told_of_once(
    folder: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CLIENT],
        env=allowed_environment(extra={"MISSION_HOME": str(folder.parent)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["Starting the local Prefect server", "answers"]


@pytest.mark.parametrize(
    ("running", "known", "why"),
    [
        ({}, SECRET, ""),
        ({"version": "3.0.0"}, SECRET, "3.0.0 by "),
        ({"secret": ""}, SECRET, "asks for no secret"),
        ({}, f"{SECRET}-2", "not in"),
        ({}, None, "not in"),
    ],
)
def test_what_is_replaced(
    running: dict[str, str], known: str | None, why: str, tmp_path: Path
) -> None:
    local = LocalServer(tmp_path)
    if known is not None:
        put_private(local.secret.file, known, replace=True)
    facts = {"version": version("prefect"), "secret": fingerprint(SECRET), **running}
    told = local.unfit(Server(pid=1, port=1, since="", **facts))
    assert why in told
    assert bool(why) == bool(told)


def test_a_given_api_is_used_and_nothing_is_started(
    prefect_server: LocalServer, tmp_path: Path
) -> None:
    api = prefect_server.ensure().api
    folder = tmp_path / "prefect"
    code, out, _ = mission_server(folder, "status", "--json", PREFECT_API_URL=api)
    assert code == 0
    assert json.loads(out) == {"local": False, "running": True, "healthy": True, "api": api}
    code, _, err = mission_server(folder, "start", PREFECT_API_URL=api)
    assert code == 1
    assert "PREFECT_API_URL" in err
    assert not folder.exists()


def test_a_server_that_cannot_start_is_an_error_with_its_log(folder: Path) -> None:
    # Prefect reads this where it starts, before anything else of it is imported.
    (folder / "prefect.toml").write_text('[server.api]\nkeepalive_timeout = "soon"\n')
    with pytest.raises(ServerError) as caught:
        LocalServer(folder).ensure()
    assert str(folder / "server.log") in caught.value.hint
    assert "keepalive_timeout" in (folder / "server.log").read_text()
    assert LocalServer(folder).running() is None


def test_addresses() -> None:
    server = Server(pid=1, port=4200, version="3.8.8", since="2026-01-01T00:00:00+00:00")
    assert server.api == "http://127.0.0.1:4200/api"
    assert server.pages == "http://127.0.0.1:4200"
