"""The deployments of prefect.yaml, carried out by a real process worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelling

from flows.server import LocalServer
from tests.prefect_server import login
from tests.scratch import make, row
from workspace.process import allowed_environment

ROOT = Path(__file__).parents[3]
PREFECT = [sys.executable, "-m", "prefect", "--no-prompt"]
SLOW = """
import os, pathlib, time
here = pathlib.Path(__file__).parent
(here / "slow-runs").touch()
while not (here / "go-on").exists():
    time.sleep(0.05)
pathlib.Path(os.environ["MISSION_TASK"] + ".txt").write_text("work")
"""


def prefect(environment: Mapping[str, str], *arguments: str) -> str:
    """Run a command of Prefect's in the project's folder, as its manual tells people to."""
    done = subprocess.run(
        [*PREFECT, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(
    prefect_server: LocalServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """A person's environment, with the session's server as PREFECT_API_URL."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return {
        **clean,
        "MISSION_HOME": str(prefect_server.folder.parent),
        **login(prefect_server),
        "PREFECT_HOME": str(tmp_path_factory.mktemp("person")),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
    }


@pytest.fixture(scope="module")
def worker(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A process worker of the pool that prefect.yaml names."""
    prefect(environment, "work-pool", "create", "missions", "--type", "process", "--overwrite")
    prefect(environment, "deploy", "--all")
    folder = tmp_path_factory.mktemp("worker")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*PREFECT, "worker", "start", "--pool", "missions"],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        print((folder / "log").read_text())  # noqa: T201 - pytest shows it when a test fails


def a_run(flow: str) -> FlowRun | None:
    """The latest run of a flow."""
    with get_client(sync_client=True) as client:
        found = client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate({"deployment_id": {"is_null_": False}}),
            limit=20,
        )
        named = {run.id: client.read_flow(run.flow_id).name for run in found}
    runs = [run for run in found if named[run.id] == flow]
    return max(runs, key=lambda run: str(run.created), default=None)


def ended(flow: str, seconds: float = 300) -> FlowRun:
    """The latest run of a flow, once it has ended."""
    deadline = time.monotonic() + seconds
    while True:
        run = a_run(flow)
        if run is not None and run.state is not None and run.state.is_final():
            return run
        assert time.monotonic() < deadline, run
        threading.Event().wait(0.25)


@pytest.mark.slow
def test_the_command_that_deploy_prints_starts_a_worker_of_the_local_server(
    prefect_server: LocalServer, tmp_path: Path
) -> None:
    prefect_server.ensure()
    person = allowed_environment(extra={"MISSION_HOME": str(prefect_server.folder.parent)})
    deploy = [sys.executable, "-m", "cli", "deploy"]
    told = subprocess.run(
        deploy, cwd=tmp_path, env=person, capture_output=True, text=True, check=True
    )
    (command,) = [line for line in told.stdout.splitlines() if "worker start" in line]
    assert prefect_server.access().secret not in told.stdout + told.stderr
    # As typed, but for `--run-once`: it ends when it has asked the server for runs.
    done = subprocess.run(
        ["sh", "-c", f"{command} --run-once"],
        cwd=tmp_path,
        env=person | {"PREFECT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "started" in done.stdout


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_api", "worker")
def test_a_worker_runs_a_mission(environment: dict[str, str], tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A"), row("B", after="A")])
    given = f"path={scratch.task_file}"
    prefect(environment, "deployment", "run", "mission/mission", "--param", given)
    run = ended("mission")
    assert run.state is not None
    assert (run.state.name, run.state.message) == ("Completed", "Rows: 2 done")
    assert scratch.merged() == ["A", "B"]


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_api", "worker")
def test_a_milestone_that_is_cancelled_stops_and_can_be_resumed(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("SLOW")], worker=SLOW)
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("milestone/milestone")
        client.create_flow_run_from_deployment(
            deployment.id, parameters={"path": str(scratch.task_file), "milestone": "M1"}
        )
    deadline = time.monotonic() + 300
    while not (tmp_path / "slow-runs").exists():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)
    running = a_run("milestone")
    assert running is not None
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(running.id, Cancelling())
    assert ended("milestone").state_name == "Cancelled"

    (tmp_path / "go-on").touch()
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["SLOW"]
