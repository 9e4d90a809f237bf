"""Rows that run operations leave a task run of the operation's name, with its evidence."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter
from prefect.client.schemas.objects import TaskRun

from errors import TierError
from flows.call import call_flow
from flows.federated_tier import TASKS
from flows.operation_task import operation_task
from orchestrator.operations.catalogue import OPERATIONS
from orchestrator.operations.evidence import Evidence, OperationEnd
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run import RunRequest
from orchestrator.run_end import RunEnd
from tests.scratch import Scratch, make, row
from workspace.process import Stop

pytestmark = [pytest.mark.usefixtures("prefect_api")]


def call(scratch: Scratch) -> RunEnd:
    return call_flow(RunRequest(path=str(scratch.task_file)), RecordingDisplay(), Stop())


def flow_run(scratch: Scratch) -> uuid.UUID:
    with scratch.journal() as journal:
        run = journal.last_run()
    assert run is not None
    assert run.engine_run is not None
    return uuid.UUID(run.engine_run)


def task_runs(scratch: Scratch) -> dict[str, TaskRun]:
    wanted = FlowRunFilter.model_validate({"id": {"any_": [flow_run(scratch)]}})
    with get_client(sync_client=True) as client:
        return {run.name: run for run in client.read_task_runs(flow_run_filter=wanted)}


def evidence(run: TaskRun) -> list[dict[str, Any]]:
    """The table that hangs on a task run."""
    wanted = ArtifactFilter.model_validate({"task_run_id": {"any_": [run.id]}})
    with get_client(sync_client=True) as client:
        (artifact,) = client.read_artifacts(artifact_filter=wanted)
    assert artifact.type == "table"
    rows: list[dict[str, Any]] = json.loads(str(artifact.data))
    return rows


def test_an_operations_evidence_is_in_prefect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISSION_TIER", "local")
    rows = [row("A"), row("B", branch="—", after="A"), row("C", branch="(aggregate)", after="B")]
    tasks = {"B": {"run": "tier-detect"}, "C": {"run": "close-milestone"}}
    scratch = make(tmp_path, rows, config={"tasks": tasks})
    end = call(scratch)
    assert end.exit_code == 0, [scratch.notes(name) for name in "ABC"]
    assert end.missing == ()
    found = task_runs(scratch)
    detected = found["B (1): tier-detect"]
    assert detected.state_name == "Completed"
    assert [one["check"] for one in evidence(detected)] == [
        "storage folder",
        "all of them, at once",
    ]
    closed = evidence(found["C (1): close-milestone"])
    assert [one["check"] for one in closed] == ["rows", "merges", "gates", "issue"]
    assert closed[0]["found"] == "2 others, all done"
    assert {run.state_name for run in found.values()} == {"Completed"}


def test_a_refusal_is_a_failed_run_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MISSION_DATABASE_URL", "postgresql://u:HUSH-word@127.0.0.1:1/none")
    monkeypatch.setenv("MISSION_TIER", "standalone")
    rows = [row("A", branch="—")]
    scratch = make(tmp_path, rows, config={"tasks": {"A": {"run": "tier-detect"}}})
    assert call(scratch).blocked == ("A",)
    run = task_runs(scratch)["A (1): tier-detect"]
    assert run.state is not None
    assert run.state.is_failed()
    assert "Postgres at 127.0.0.1:1 refuses the connection" in str(run.state.message)
    assert "HUSH" not in str(run.state.message) + scratch.notes("A")
    assert "Traceback" not in "".join(capfd.readouterr())


def test_a_row_that_does_nothing_is_one_task_run(tmp_path: Path) -> None:
    rows = [row("A", branch="—"), row("B", branch="—", after="A")]
    scratch = make(tmp_path, rows, config={"tasks": {name: {"run": "noop"} for name in "AB"}})
    assert call(scratch).exit_code == 0
    assert set(task_runs(scratch)) == {"A", "B"}


def test_every_operation_of_the_tier_is_a_task() -> None:
    assert {name for name in OPERATIONS if name != "noop"} == set(TASKS)
    assert all(task.name == name for name, task in TASKS.items())


def test_a_task_can_be_run_by_any_flow(prefect_api: str) -> None:
    """The work is whatever is ready to be done: no runner is needed."""
    end = OperationEnd(ok=False, word="no", evidence=(Evidence(check="it", found="was not"),))
    state = operation_task("try")(lambda: end, "X", return_state=True)
    assert (state.is_failed(), state.message) == (True, "no")

    def refuse() -> OperationEnd:
        raise TierError("It is away", hint="Start it")

    state = operation_task("try")(refuse, "X", return_state=True)
    assert (state.is_failed(), state.message) == (True, "It is away. Start it")
