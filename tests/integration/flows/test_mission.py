"""The flow against a real Prefect server, with a real repository and a scripted agent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.settings import temporary_settings

from errors import FindingsError, UsageError
from flows.call import call_flow
from flows.server import LocalServer, ServerError
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run import RunRequest
from orchestrator.run_end import RunEnd
from tests.scratch import Scratch, make, row
from workspace.process import Stop

# Ends well, fails where its row's id says so, and waits for a file where it is called SLOW.
WORKER = """
import os, pathlib, sys, time
task = os.environ["MISSION_TASK"]
here = pathlib.Path(__file__).parent
if task == "SLOW":
    (here / "slow-runs").touch()
    while not (here / "go-on").exists():
        time.sleep(0.05)
if task == "BAD":
    sys.exit(1)
pathlib.Path(f"{task}.txt").write_text("work")
"""
RUNNER = """
import sys
from flows.run import carry_out
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run import RunRequest
from workspace.process import Stop
raise SystemExit(carry_out(RunRequest(path=sys.argv[1]), RecordingDisplay(), Stop()).exit_code)
"""


def call(
    scratch: Scratch,
    display: RecordingDisplay | None = None,
    gone: Callable[[], bool] | None = None,
) -> RunEnd:
    request = RunRequest(path=str(scratch.task_file))
    return call_flow(request, display or RecordingDisplay(), Stop(), gone=gone)


def start(scratch: Scratch, server: LocalServer, runner: str = RUNNER) -> subprocess.Popen[bytes]:
    """Run the mission in a process of its own, on the session's server."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return subprocess.Popen(
        [sys.executable, "-c", runner, str(scratch.task_file)],
        env={**clean, "MISSION_HOME": str(server.folder.parent)},
        start_new_session=True,
    )


def until(happens: Callable[[], bool], seconds: float = 300) -> None:
    """Wait for something that only the disk or a server can tell."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


def flow_runs(scratch: Scratch) -> dict[str, FlowRun]:
    """The flow runs that the mission's journal names, oldest first, by id."""
    with scratch.journal() as journal:
        ids = [run.engine_run for run in journal.runs() if run.engine_run]
    wanted = FlowRunFilter.model_validate({"id": {"any_": ids}})
    with get_client(sync_client=True) as client:
        found = {str(run.id): run for run in client.read_flow_runs(flow_run_filter=wanted)}
    return {one: found[one] for one in ids if one in found}


def task_states(flow_run: FlowRun) -> dict[str, str | None]:
    wanted = FlowRunFilter.model_validate({"id": {"any_": [flow_run.id]}})
    with get_client(sync_client=True) as client:
        runs = client.read_task_runs(flow_run_filter=wanted)
    return {run.name: run.state_name for run in runs}


def is_there() -> bool:
    """Of a local server whether it has ended: not yet."""
    return False


@pytest.mark.usefixtures("prefect_api")
@pytest.mark.parametrize("gone", [None, is_there], ids=["another's server", "the local server"])
def test_a_mission_is_carried_out_and_recorded(
    tmp_path: Path, gone: Callable[[], bool] | None
) -> None:
    scratch = make(tmp_path, [row("A"), row("B", after="A"), row("C", after="A")])
    end = call(scratch, gone=gone)
    assert end.exit_code == 0
    assert end.missing == ()
    assert scratch.statuses() == {"A": "done", "B": "done", "C": "done"}
    (run,) = flow_runs(scratch).values()
    assert run.name == "plan"
    assert run.state is not None
    assert (run.state.name, run.state.message) == ("Completed", "Rows: 3 done")
    assert task_states(run) == dict.fromkeys("ABC", "Completed")


@pytest.mark.usefixtures("prefect_api")
def test_rows_that_fail_make_the_flow_run_fail(tmp_path: Path) -> None:
    once: dict[str, object] = {"tasks": {"BAD": {"max_attempts": 1}}}
    scratch = make(tmp_path, [row("BAD")], worker=WORKER, config=once)
    end = call(scratch)
    assert end.exit_code == 1
    (run,) = flow_runs(scratch).values()
    assert run.state is not None
    assert run.state.name == "Failed"
    assert str(run.state.message).startswith("Not done: BAD.")


@pytest.mark.usefixtures("prefect_api")
def test_what_people_did_wrong_is_raised_as_such(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A", after="NOBODY")])
    with pytest.raises(FindingsError, match="NOBODY"):
        call(scratch)
    with pytest.raises(UsageError):
        call_flow(RunRequest(path=str(tmp_path / "no.md")), RecordingDisplay(), Stop())


def test_a_server_that_is_away_before_the_run_is_an_error_for_people(
    tmp_path: Path,
) -> None:
    scratch = make(tmp_path, [row("A")])
    away = {"api.url": "http://127.0.0.1:9/api", "client.max_retries": 0}  # the discard port
    with (
        temporary_settings({**away, "server.ephemeral.enabled": False}),
        pytest.raises(ServerError, match="did not take the run"),
    ):
        call(scratch)
    assert scratch.statuses() == {"A": "not-started"}


@pytest.mark.usefixtures("prefect_api")
def test_the_next_run_closes_what_a_kill_left_running(
    tmp_path: Path, prefect_server: LocalServer
) -> None:
    scratch = make(tmp_path, [row("A"), row("SLOW", after="A")], worker=WORKER)
    killed = start(scratch, prefect_server)
    until((tmp_path / "slow-runs").exists)
    until(lambda: bool(flow_runs(scratch)))  # the record follows the work
    (recorded,) = flow_runs(scratch).values()
    until(lambda: task_states(recorded) == {"A": "Completed", "SLOW": "Running"})
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    (tmp_path / "go-on").touch()

    end = call(scratch)
    assert end.exit_code == 0, scratch.notes("SLOW")
    assert scratch.merged() == ["A", "SLOW"]
    dead, alive = flow_runs(scratch).values()
    assert (dead.state_name, alive.state_name) == ("Crashed", "Completed")
    assert task_states(dead) == {"A": "Completed", "SLOW": "Crashed"}
    assert [state for name, state in task_states(alive).items()] == ["Completed"]


@pytest.mark.usefixtures("prefect_api")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_run_and_leaves_it_to_be_resumed(
    tmp_path: Path, prefect_server: LocalServer, number: signal.Signals
) -> None:
    scratch = make(tmp_path, [row("A"), row("SLOW", after="A")], worker=WORKER)
    run = start(scratch, prefect_server)
    until((tmp_path / "slow-runs").exists)
    os.kill(run.pid, number)
    assert run.wait(timeout=300) == 130
    assert scratch.statuses()["A"] == "done"
    (stopped,) = flow_runs(scratch).values()
    assert stopped.state_name == "Cancelled"

    (tmp_path / "go-on").touch()
    assert call(scratch).exit_code == 0
    assert scratch.merged() == ["A", "SLOW"]
