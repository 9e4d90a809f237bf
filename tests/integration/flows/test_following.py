"""The record follows the work: kept by a process of its own, which may die, as may its server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, TaskRun

from flows.run import carry_out
from flows.server import LocalServer
from flows.settings import place_tag
from mission.place import Place
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run import RunRequest
from tests.prefect_server import new_server
from tests.scratch import Scratch, make, row
from workspace.process import Stop, allowed_environment

# Tells that it has begun, and goes on once somebody lets it.
WORKER = """
import os, pathlib, time
task = os.environ["MISSION_TASK"]
here = pathlib.Path(__file__).parent
(here / f"begun-{task}").touch()
while not (here / "go-on").exists():
    time.sleep(0.05)
pathlib.Path(f"{task}.txt").write_text("work")
"""
ROWS = (row("A"), row("B", after="A", agent="—", branch="(aggregate)"))
# What `mission run` does, and whether that process has got Prefect by then.
RUNNER = """
import sys
from cli.main import main
try:
    main(["run", sys.argv[1]])
finally:
    print("prefect" in sys.modules)
"""


def until(happens: Callable[[], bool], seconds: float = 300) -> None:
    """Wait for something that only the disk or a server can tell."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


def flow_runs(scratch: Scratch) -> list[FlowRun]:
    """Of this mission in this clone, oldest first."""
    tag = place_tag(Place.find(str(scratch.task_file)).state_dir)
    wanted = FlowRunFilter.model_validate({"tags": {"all_": [tag]}})
    with get_client(sync_client=True) as client:
        found = client.read_flow_runs(flow_run_filter=wanted)
    return sorted(found, key=lambda run: str(run.created))


def task_runs(run: FlowRun) -> dict[str, TaskRun]:
    wanted = FlowRunFilter.model_validate({"id": {"any_": [run.id]}})
    with get_client(sync_client=True) as client:
        return {one.name: one for one in client.read_task_runs(flow_run_filter=wanted)}


def states(run: FlowRun) -> dict[str, str | None]:
    return {name: one.state_name for name, one in task_runs(run).items()}


def named(scratch: Scratch) -> bool:
    """Whether the journal has Prefect's name of the run that is under way."""
    with scratch.journal() as journal:
        last = journal.last_run()
    return last is not None and last.engine_run is not None


@contextmanager
def running(scratch: Scratch, home: Path) -> Iterator[subprocess.Popen[str]]:
    """`mission run` as a person types it, once its record is being kept and its agent works."""
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(scratch.task_file)],
        env=allowed_environment(extra={"MISSION_HOME": str(home)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            until((scratch.top.parent / "begun-A").exists)
            until(lambda: named(scratch))
            yield process
        finally:
            (scratch.top.parent / "go-on").touch()
            process.kill()


def keeper_of(process: subprocess.Popen[str]) -> int:
    """The process that keeps the run's record."""
    found = [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if b"flows.keeper" in path.read_bytes()
        and f"\nPPid:\t{process.pid}\n" in (path.parent / "status").read_text()
    ]
    (keeper,) = found
    return keeper


@pytest.mark.usefixtures("prefect_api")
def test_the_record_holds_what_was_done_before_there_was_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISSION_TIER", "local")
    rows = [row("A"), row("B", branch="—", after="A")]
    scratch = make(tmp_path, rows, config={"tasks": {"B": {"run": "tier-detect"}}})
    display = RecordingDisplay()
    end = carry_out(RunRequest(path=str(scratch.task_file)), display, Stop())
    assert (end.exit_code, end.missing) == (0, ())
    assert not [line for line in display.said if "Prefect" in line]
    (run,) = flow_runs(scratch)
    assert named(scratch)
    assert (run.name, run.state_name) == ("plan", "Completed")
    assert run.state is not None
    assert run.state.message == "Rows: 2 done"
    found = task_runs(run)
    assert {name: one.state_name for name, one in found.items()} == dict.fromkeys(
        ("A", "B", "B (1): tier-detect"), "Completed"
    )
    waited = {getattr(one, "id", None) for one in found["B"].task_inputs["wait_for"]}
    assert waited == {found["A"].id}
    first, started = found["A"].start_time, run.start_time
    assert first is not None
    assert started is not None
    assert first < started  # the row did not wait for Prefect, and its time is the true one
    wanted = ArtifactFilter.model_validate(
        {"task_run_id": {"any_": [found["B (1): tier-detect"].id]}}
    )
    with get_client(sync_client=True) as client:
        (evidence,) = client.read_artifacts(artifact_filter=wanted)
    assert json.loads(str(evidence.data))[0]["check"] == "storage folder"


def test_nothing_to_do_starts_nothing(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A", status="done")])
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, str(scratch.task_file)],
        env=allowed_environment(extra={"MISSION_HOME": str(tmp_path / "home")}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["Rows: 1 done.", "False"]
    assert LocalServer(tmp_path / "home" / "prefect").running() is None


@pytest.mark.usefixtures("prefect_api")
def test_a_keeper_that_is_killed_costs_the_record_alone_which_the_next_run_closes(
    tmp_path: Path, prefect_server: LocalServer
) -> None:
    home = prefect_server.folder.parent
    scratch = make(tmp_path, ROWS, worker=WORKER)
    with running(scratch, home) as process:
        (open_run,) = flow_runs(scratch)
        until(lambda: states(open_run) == {"A": "Running"})
        os.kill(keeper_of(process), signal.SIGKILL)
        (tmp_path / "go-on").touch()
        out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert scratch.statuses() == {"A": "done", "B": "done"}
    assert [line for line in err.splitlines() if "Prefect" in line] == [
        "Prefect keeps no record of this run: the process that keeps it was killed by signal 9"
    ]
    assert "Prefect's record lacks 2 task runs: A …" in out
    assert out.splitlines()[-1] == "False"

    carry_out(RunRequest(path=str(scratch.task_file)), RecordingDisplay(), Stop())
    left, last = flow_runs(scratch)
    assert (left.state_name, last.state_name) == ("Crashed", "Completed")
    assert states(left) == {"A": "Crashed"}


@pytest.mark.usefixtures("prefect_api")
def test_the_record_of_a_run_that_is_killed_is_closed_at_once(
    tmp_path: Path, prefect_server: LocalServer
) -> None:
    scratch = make(tmp_path, ROWS, worker=WORKER)
    with running(scratch, prefect_server.folder.parent) as process:
        (run,) = flow_runs(scratch)
        until(lambda: states(run) == {"A": "Running"})
        process.send_signal(signal.SIGKILL)
        until(lambda: flow_runs(scratch)[0].state_name == "Crashed")
        until(lambda: states(run) == {"A": "Crashed"})


@pytest.mark.slow
def test_a_server_that_dies_costs_the_record_alone_and_nobody_waits_for_it(
    tmp_path: Path, prefect_database: Path
) -> None:
    home = tmp_path / "home"
    local = new_server(home / "prefect", prefect_database)
    server = local.ensure()
    try:
        (tmp_path / "mission").mkdir()
        scratch = make(tmp_path / "mission", ROWS, worker=WORKER)
        with running(scratch, home) as process:
            os.killpg(server.pid, signal.SIGKILL)
            (scratch.top.parent / "go-on").touch()
            out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        assert scratch.statuses() == {"A": "done", "B": "done"}
        assert [line for line in err.splitlines() if "Prefect" in line] == [
            "Prefect keeps no record of this run: its server does not answer any more"
        ]
        assert "Prefect's record lacks 2 task runs: A …" in out
    finally:
        local.stop()
