"""Agents on two real workers, which share nothing but Prefect's server and the git remote."""

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
from dataclasses import dataclass
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort

from flows.deploy import AUTOMATION
from flows.server import LocalServer
from tests.prefect_server import login
from tests.scratch import Scratch, make, row

MISSION = [sys.executable, "-m", "cli"]
# Says where it works. The first attempts at two of the rows never end by themselves.
AGENT = """
import os, pathlib, time
here = pathlib.Path(__file__).parent
task, attempt = os.environ["MISSION_TASK"], os.environ["MISSION_ATTEMPT"]
with (here / "starts").open("a") as file:
    file.write(f"{task} {attempt} {os.environ['HOME']} {os.getpid()}\\n")
while task in ("LOST", "CRASH") and attempt == "1":
    time.sleep(0.1)
pathlib.Path(f"{task}.txt").write_text(f"work of {task}\\n")
"""


@dataclass(frozen=True, kw_only=True)
class Start:
    """One start of the agent, as it told it."""

    task: str
    attempt: int
    home: str  # of the worker that started it
    pid: int


def starts(folder: Path) -> list[Start]:
    told = folder / "starts"
    lines = told.read_text().splitlines() if told.exists() else []
    parts = [line.split(" ") for line in lines]
    return [Start(task=t, attempt=int(a), home=h, pid=int(p)) for t, a, h, p in parts]


def environment(server: LocalServer, home: Path) -> dict[str, str]:
    """Of a machine of its own: another home, another folder for everything that is kept."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "MISSION_", "XDG_"))
    }
    return {
        **clean,
        "HOME": str(home),
        "MISSION_HOME": str(home / "mission"),
        "PREFECT_HOME": str(home / "prefect"),
        **login(server),
        "PREFECT_WORKER_QUERY_SECONDS": "2",
    }


def mission(environment: dict[str, str], *arguments: str) -> str:
    """Run a command of ours to its end."""
    done = subprocess.run(
        [*MISSION, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def worker(server: LocalServer, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process worker of the pool `agents` that takes one run at a time."""
    home.mkdir()
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "agents"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--limit", "1", "--name", home.name],
            cwd=home,
            env=environment(server, home),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        print((home / "log").read_text())  # noqa: T201 - pytest shows it when a test fails


def kill_machine(home: str) -> None:
    """SIGKILL for everything that runs with this home folder, as when the power fails."""
    mark = f"HOME={home}".encode()
    for folder in Path("/proc").iterdir():
        try:
            found = mark in (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # no process, gone by now, or somebody else's
            continue
        if found:
            os.kill(int(folder.name), signal.SIGKILL)


def parent(pid: int) -> int:
    """The parent of a process: the second field after its name in parentheses."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def until(happens: Callable[[], bool], seconds: float = 300) -> None:
    """Wait for something that only the disk, or Prefect's server, can tell."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline
        threading.Event().wait(0.5)


def on_workers(folder: Path, parallel: int) -> dict[str, dict[str, object]]:
    """The agent `worker`, which works on workers."""
    run = [sys.executable, "-S", str(folder / "worker.py")]
    agent = {"run": run, "where": "worker", "parallel": parallel, "sandbox": {"type": "none"}}
    return {"worker": agent}


# Plans a milestone; tells where it was asked.
PLANS = """
import json, os, pathlib
(pathlib.Path(__file__).parent / "planned").write_text(os.environ["HOME"])
task = {"id": "M2-01", "description": "Do it.", "agent": "worker", "estimate_tokens": 1000,
        "branch": "feat/m2-01"}
print(json.dumps({"answer": json.dumps({"goal": "More.", "tasks": [task]}), "summary": "planned"}))
"""
# Says when it begins and ends, and ends once it may.
HOLDS = """
import os, pathlib, time
here, task = pathlib.Path(__file__).parent, os.environ["MISSION_TASK"]
def note(what):
    with (here / "moments").open("a") as file:
        file.write(f"{what} {task}\\n")
note("begins")
print(f"{task} is at work", flush=True)
while (here / "hold").exists():
    time.sleep(0.05)
pathlib.Path(f"{task}.txt").write_text(task)
note("ends")
"""


def waiting_for_a_slot() -> list[FlowRun]:
    """The runs that Prefect holds back because the limit of their agent is reached."""
    with get_client(sync_client=True) as client:
        found = client.read_flow_runs(sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=10)
    return [run for run in found if run.state_name == "AwaitingConcurrencySlot"]


@contextmanager
def running(environment: dict[str, str], path: str) -> Iterator[subprocess.Popen[bytes]]:
    """`mission run` in a process of its own, which does not outlive the `with`."""
    process = subprocess.Popen(
        [*MISSION, "run", path, "--json"], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=300)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # some twenty starts of a program that imports Prefect
@pytest.mark.usefixtures("prefect_api")
def test_rows_are_worked_on_by_two_workers_until_one_dies(
    tmp_path: Path, prefect_server: LocalServer
) -> None:
    """One test: a worker takes as long to start as a row to be done, and two tests need two."""
    for folder in ("own", "limit", "death"):
        (tmp_path / folder).mkdir()
    here = environment(prefect_server, tmp_path / "own")
    limited = _with_a_planner(tmp_path / "limit")
    mission(here, "deploy", str(limited.task_file))
    with worker(prefect_server, tmp_path / "one"), worker(prefect_server, tmp_path / "two"):
        homes = {str(tmp_path / "one"), str(tmp_path / "two")}
        _the_limit_of_an_agent_holds_and_what_it_does_is_seen_live(limited, here, homes)
        _rows_whose_worker_or_whose_process_dies_are_dispatched_again_once(tmp_path / "death", here)


def _with_a_planner(folder: Path) -> Scratch:
    """A mission of two rows, one at a time, and a milestone that is still to be planned."""
    rows = [row("X"), row("Y"), "\n## Milestone 2 — Second (M2)\n\n_Deferred._\n"]
    (folder / "planner.py").write_text(PLANS)
    agents = on_workers(folder, 1)
    planner = {**agents["worker"], "run": [sys.executable, "-S", str(folder / "planner.py")]}
    config: dict[str, object] = {"agents": {**agents, "other": planner}}
    return make(folder, rows, worker=HOLDS, config=config)


def _the_limit_of_an_agent_holds_and_what_it_does_is_seen_live(
    scratch: Scratch, here: dict[str, str], homes: set[str]
) -> None:
    folder, path = scratch.top.parent, str(scratch.task_file)
    moments = folder / "moments"
    (folder / "hold").touch()
    with running(here, path) as run:
        # One is under way; the other one has found a free worker, and no free slot.
        until(lambda: moments.exists() and waiting_for_a_slot() != [])
        assert moments.read_text().count("begins") == 1
        first = moments.read_text().split()[1]
        with scratch.journal() as journal:
            (attempt,) = journal.attempts(first)
        log = Path(str(attempt.log))
        until(lambda: f"said: {first} is at work" in log.read_text())
        (folder / "hold").unlink()
        assert run.wait(timeout=300) == 0
    expanded = mission(here, "expand", path, "M2", "--agent", "other", "--yes", "--json")
    told = [line.split()[0] for line in moments.read_text().splitlines()]
    assert told == ["begins", "ends", "begins", "ends"]
    assert sorted(scratch.merged()) == ["X", "Y"]
    assert json.loads(expanded) == {"milestone": "M2", "rows": 1, "written": True, "kept": False}
    assert (folder / "planned").read_text() in homes
    assert scratch.statuses()["M2-01"] == "not-started"


def _rows_whose_worker_or_whose_process_dies_are_dispatched_again_once(
    folder: Path, here: dict[str, str]
) -> None:
    scratch = make(
        folder, [row("LOST"), row("CRASH")], worker=AGENT, config={"agents": on_workers(folder, 2)}
    )
    path = str(scratch.task_file)
    # The second time here, with other settings: nothing is there twice.
    deployed = json.loads(mission(here, "deploy", path, "--lost-after", "40s", "--json"))
    assert deployed["limits"] == {"worker": 2}
    with get_client(sync_client=True) as client:
        (automation,) = client.read_automations_by_name(AUTOMATION)
        assert automation.enabled
        deployment = client.read_deployment_by_name("attempt/worker")
        assert deployment.work_pool_name == "agents"
        limit = deployment.global_concurrency_limit
        assert limit is not None
        assert limit.limit == 2

    with running(here, path) as run:
        until(lambda: {"LOST", "CRASH"} <= {one.task for one in starts(folder)})
        first_starts = {one.task: one for one in starts(folder)}
        lost, crash = first_starts["LOST"], first_starts["CRASH"]
        # The agent's parent is its supervisor; that one's is the flow run's process.
        os.kill(parent(parent(crash.pid)), signal.SIGKILL)
        until(lambda: not Path(f"/proc/{crash.pid}").exists())
        kill_machine(lost.home)
        assert run.wait(timeout=300) == 0

    assert sorted(scratch.merged()) == ["CRASH", "LOST"]
    assert scratch.statuses() == dict.fromkeys(("LOST", "CRASH"), "done")
    tried = [(one.task, one.attempt) for one in starts(folder)]
    twice = [("CRASH", 1), ("CRASH", 2), ("LOST", 1), ("LOST", 2)]
    assert sorted(tried) == twice
    assert {one.home for one in starts(folder) if one != lost} == {crash.home}
    assert not Path(f"/proc/{lost.pid}").exists()
    with scratch.journal() as journal:
        for task in ("LOST", "CRASH"):
            assert [one.outcome for one in journal.attempts(task)] == ["killed", "success"]
