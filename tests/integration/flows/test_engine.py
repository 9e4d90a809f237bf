"""The engine against a real local Prefect server."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prefect import flow, tags, task
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter
from prefect.client.schemas.objects import Artifact, TaskRun
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectException
from prefect.futures import PrefectFuture
from prefect.settings import temporary_settings
from prefect.states import Completed, Running

from errors import MachineError
from flows.engine import PrefectEngine
from flows.record import Record
from flows.settings import TAG, place_tag
from flows.task import RowRun, row
from orchestrator.ports.engine import Job

pytestmark = pytest.mark.usefixtures("prefect_api")


class Waiter:
    """Collects what `on_done` was told, and waits for so many ends."""

    def __init__(self) -> None:
        self.ends: list[tuple[str, BaseException | None]] = []
        self._count = threading.Semaphore(0)

    def done(self, job: Job, error: BaseException | None) -> None:
        self.ends.append((job.task, error))
        self._count.release()

    def wait(self, ends: int = 1) -> None:
        for _ in range(ends):
            assert self._count.acquire(timeout=300)


def a_job(task: str, *, after: tuple[str, ...] = (), run: Callable[[], None] = lambda: None) -> Job:
    return Job(task=task, name=f"{task} #1", tags=("demo", "M1", "sonnet"), after=after, run=run)


def in_flow(work: Callable[[PrefectEngine], None]) -> str:
    """Run `work` with an engine in a flow run, and give the flow run's id."""

    @flow(name="engine-test")
    def carry() -> str:
        with PrefectEngine(title="Engine test", logs="/var/log/mission") as engine:
            work(engine)
            return engine.run_id

    return carry()


def task_runs(client: SyncPrefectClient, run_id: str) -> dict[str, TaskRun]:
    wanted = FlowRunFilter.model_validate({"id": {"any_": [run_id]}})
    return {run.name: run for run in client.read_task_runs(flow_run_filter=wanted)}


def artifacts(client: SyncPrefectClient, run_id: str, kind: str) -> list[Artifact]:
    return client.read_artifacts(
        artifact_filter=ArtifactFilter.model_validate({"type": {"any_": [kind]}}),
        flow_run_filter=FlowRunFilter.model_validate({"id": {"any_": [run_id]}}),
    )


def test_each_job_is_a_task_run_with_name_tags_state_and_edges() -> None:
    waiter = Waiter()

    def work(engine: PrefectEngine) -> None:
        engine.submit(a_job("A"), waiter.done)
        engine.submit(a_job("B"), waiter.done)
        waiter.wait(2)
        engine.submit(a_job("C", after=("A", "B", "done-in-another-run")), waiter.done)
        waiter.wait()
        assert engine.missing() == ()
        assert engine.troubles == ()

    run_id = in_flow(work)
    with get_client(sync_client=True) as client:
        runs = task_runs(client, run_id)
    assert set(runs) == {"A #1", "B #1", "C #1"}
    assert {run.state_name for run in runs.values()} == {"Completed"}
    assert all(set(run.tags) == {"demo", "M1", "sonnet"} for run in runs.values())
    waited = {getattr(entry, "id", None) for entry in runs["C #1"].task_inputs["wait_for"]}
    assert waited == {runs["A #1"].id, runs["B #1"].id}
    assert runs["A #1"].task_inputs == {}


def test_prefect_itself_holds_a_job_back_until_what_it_waits_for_has_ended() -> None:
    """Jobs are submitted when they are ready. If one ever came early, `wait_for` would hold it."""
    waiter, began, order = Waiter(), threading.Event(), list[str]()

    def first() -> None:
        began.wait(1)  # ends before, if nothing holds the second back
        order.append("A ends")

    def second() -> None:
        began.set()
        order.append("B begins")

    def work(engine: PrefectEngine) -> None:
        engine.submit(a_job("A", run=first), waiter.done)
        engine.submit(a_job("B", after=("A",), run=second), waiter.done)
        waiter.wait(2)

    in_flow(work)
    assert order == ["A ends", "B begins"]


def test_a_running_job_is_shown_as_running_with_its_tags() -> None:
    waiter, release = Waiter(), threading.Event()

    def run() -> None:
        release.wait()

    def work(engine: PrefectEngine) -> None:
        engine.submit(a_job("A", run=run), waiter.done)
        try:
            with get_client(sync_client=True) as client:
                while not (found := task_runs(client, engine.run_id)) or (
                    found["A #1"].state_name == "Pending"  # told first, perhaps recorded first
                ):
                    threading.Event().wait(0.1)
            assert found["A #1"].state_name == "Running"
            assert set(found["A #1"].tags) == {"demo", "M1", "sonnet"}
        finally:
            release.set()
        waiter.wait()

    in_flow(work)


def test_a_bug_in_a_job_reaches_on_done_and_the_record() -> None:
    waiter = Waiter()

    def broken() -> None:
        raise ZeroDivisionError("a bug of ours")

    def gone() -> None:
        raise SystemExit(3)

    def work(engine: PrefectEngine) -> None:
        engine.submit(a_job("A", run=broken), waiter.done)
        engine.submit(a_job("B", run=gone), waiter.done)
        waiter.wait(2)
        assert engine.missing() == ()

    run_id = in_flow(work)
    errors = {task: type(error) for task, error in waiter.ends}
    assert errors == {"A": ZeroDivisionError, "B": SystemExit}
    with get_client(sync_client=True) as client:
        runs = task_runs(client, run_id)
    assert runs["A #1"].state_name == "Failed"
    assert runs["B #1"].state_name == "Crashed"


def test_a_bug_in_on_done_is_raised_at_the_end() -> None:
    called = threading.Event()

    def broken(_job: Job, _error: BaseException | None) -> None:
        called.set()
        raise ZeroDivisionError("a bug of ours")

    def work(engine: PrefectEngine) -> None:
        engine.submit(a_job("A"), broken)
        assert called.wait(300)

    with pytest.raises(ZeroDivisionError, match="a bug of ours"):
        in_flow(work)


def test_a_record_that_fails_keeps_no_job_from_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    waiter, worked = Waiter(), threading.Event()

    def refuse(_run: RowRun) -> None:
        raise PrefectException("no")

    def work(engine: PrefectEngine) -> None:
        engine.submit(a_job("A", run=worked.set), waiter.done)
        waiter.wait()
        assert engine.troubles == ("could not record A #1 in Prefect: no",)

    monkeypatch.setattr(RowRun, "begin_run", refuse)
    in_flow(work)
    assert waiter.ends == [("A", None)]
    assert worked.is_set()


def test_a_thread_that_does_not_start_ends_its_job_with_a_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the system says it when it gives no more. (Root is above the limit that makes it real.)"""
    waiter = Waiter()

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    def work(engine: PrefectEngine) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            engine.submit(a_job("A"), waiter.done)
        engine.submit(a_job("B", after=("A",)), waiter.done)
        waiter.wait(2)

    in_flow(work)
    (_, error), b = waiter.ends
    assert isinstance(error, MachineError)
    assert b == ("B", None)


def test_on_done_may_submit_the_next_job() -> None:
    waiter = Waiter()

    def work(engine: PrefectEngine) -> None:
        def then(job: Job, error: BaseException | None) -> None:
            waiter.done(job, error)
            if len(waiter.ends) < 5:
                engine.submit(a_job(f"T{len(waiter.ends)}", after=(job.task,)), then)

        engine.submit(a_job("T"), then)
        waiter.wait(5)

    in_flow(work)
    assert [error for _, error in waiter.ends] == [None] * 5


def test_progress_is_one_table_that_is_updated_in_place() -> None:
    def work(engine: PrefectEngine) -> None:
        for done in range(50):
            engine.progress([{"milestone": "M1", "done": str(done)}])

    run_id = in_flow(work)
    with get_client(sync_client=True) as client:
        tables = artifacts(client, run_id, "table")
        notes = artifacts(client, run_id, "markdown")
    assert [json.loads(str(table.data)) for table in tables] == [
        [{"milestone": "M1", "done": "49"}]
    ]
    assert [note.key for note in notes] == ["engine-test-logs"]
    assert "/var/log/mission" in str(notes[0].data)


def test_task_runs_that_prefect_does_not_hold_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    waiter = Waiter()

    def work(engine: PrefectEngine) -> None:
        engine.submit(a_job("A"), waiter.done)
        engine.submit(a_job("B"), waiter.done)
        waiter.wait(2)
        assert engine.missing() == ()
        with get_client(sync_client=True) as client:
            client.delete_task_run(task_runs(client, engine.run_id)["B #1"].id)
        monkeypatch.setattr("flows.record._PATIENCE_SECONDS", 0.5)
        assert engine.missing() == ("B #1",)

    in_flow(work)


def test_what_a_crash_left_running_is_closed() -> None:
    @flow(name="killed")
    def killed() -> None:
        """Never called: its run is made as a SIGKILL leaves one."""

    with get_client(sync_client=True) as client:
        dead = client.create_flow_run(killed, state=Running())
        client.create_task_run(row, dead.id, "1", name="open", state=Running())
        client.create_task_run(row, dead.id, "2", name="ended", state=Completed())

        in_flow(lambda engine: engine.close_stale([str(dead.id), str(uuid.uuid4()), "7"]))

        assert client.read_flow_run(dead.id).state_name == "Crashed"
        states = {name: run.state_name for name, run in task_runs(client, str(dead.id)).items()}
    assert states == {"open": "Crashed", "ended": "Completed"}


def test_a_run_that_was_killed_before_anybody_noted_it_is_closed() -> None:
    @flow(name="killed")
    def killed() -> None:
        """Never called: its run is made as a SIGKILL leaves one."""

    here, elsewhere = (place_tag(Path(name)) for name in ("/here", "/elsewhere"))
    with get_client(sync_client=True) as client:
        mine = client.create_flow_run(killed, state=Running(), tags=[TAG, here])
        theirs = client.create_flow_run(killed, state=Running(), tags=[TAG, elsewhere])

        with tags(TAG, here):
            own = in_flow(lambda engine: engine.close_stale([]))
        in_flow(lambda engine: engine.close_stale([]))  # of no place: it knows of nobody

        assert client.read_flow_run(mine.id).state_name == "Crashed"
        assert client.read_flow_run(theirs.id).state_name == "Running"
        assert client.read_flow_run(uuid.UUID(own)).state_name == "Completed"
        client.set_flow_run_state(theirs.id, Completed(), force=True)


def test_a_server_that_is_away_is_noted_and_harms_nothing() -> None:
    def elsewhere() -> None:
        away = {"api.url": "http://127.0.0.1:9/api", "client.max_retries": 0}  # the discard port
        with temporary_settings({**away, "server.ephemeral.enabled": False}):
            record.close(str(uuid.uuid4()))
            assert record.held([uuid.uuid4()]) == frozenset()

    record = Record(uuid.uuid4())
    # A thread has none of this test's connections.
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(elsewhere).result(timeout=300)
    assert len(record.troubles) == 2
    assert record.troubles[0].startswith("could not close the crashed run")


def test_the_graph_is_the_one_that_prefect_records_for_wait_for() -> None:
    """What Prefect's page asks for, against a flow that submits its tasks with `wait_for`."""
    edges: dict[str, tuple[str, ...]]
    edges = {"A": (), "B": (), "C": ("A", "B"), "D": ("A",), "E": ("C", "D")}

    def work(engine: PrefectEngine) -> None:
        for name, after in edges.items():
            waiter = Waiter()
            engine.submit(a_job(name, after=after), waiter.done)
            waiter.wait()
        assert engine.missing() == ()

    @task(name="row")
    def nothing() -> None:
        """As a row of the mission."""

    @flow(name="plain")
    def plain() -> str:
        context = FlowRunContext.get()
        assert context is not None
        assert context.flow_run is not None
        futures: dict[str, PrefectFuture[None]] = {}
        for name, after in edges.items():
            run = nothing.with_options(task_run_name=f"{name} #1")
            waits = [futures[one] for one in after]
            futures[name] = run.submit(return_state=False, wait_for=waits)
        for future in futures.values():
            future.wait()
        return str(context.flow_run.id)

    expected = {f"{name} #1": {f"{one} #1" for one in after} for name, after in edges.items()}
    assert graph(in_flow(work), len(edges)) == expected
    assert graph(plain(), len(edges)) == expected


def graph(run_id: str, nodes: int) -> dict[str, set[str]]:
    """By name, what each task run waited for, as the endpoint behind Prefect's graph says."""
    with get_client(sync_client=True) as client:
        for _ in range(100):
            answer = client.request(
                "GET", "/flow_runs/{id}/graph-v2", path_params={"id": run_id}
            ).json()
            found = {node["id"]: node for _, node in answer["nodes"]}
            if len(found) == nodes and all(one["end_time"] for one in found.values()):
                break
            threading.Event().wait(0.1)
    return {
        node["label"]: {found[parent["id"]]["label"] for parent in node["parents"]}
        for node in found.values()
    }
