"""Agents on workers, with the shipped fake: real repositories and scripts, and no Prefect."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from errors import WorkersAwayError
from mission.journal.kinds import Pushed
from mission.outcome import Outcome
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from orchestrator.run_end import RunEnd
from orchestrator.workers.errand import Delivery, Errand
from orchestrator.workers.remote import NoWorkers, OnPhase, RemoteAgents, ThreadWorkers
from orchestrator.workers.worker import Worker
from policy.backoff import Backoff
from tests.hints import commands_in, typed
from tests.scratch import Scratch, make, row
from workspace.git import Git
from workspace.process import Stop


def elsewhere(folder: Path, **settings: object) -> dict[str, object]:
    """A configuration whose agent `worker` works on workers."""
    script = ["python3", str(folder / "worker.py")]
    agent = {"type": "command", "run": script, "where": "worker", "sandbox": {"type": "none"}}
    return {"agents": {"worker": agent | settings}}


def run(
    scratch: Scratch, remote: RemoteAgents, *, stop: Stop | None = None, tasks: tuple[str, ...] = ()
) -> RunEnd:
    with ThreadEngine(4) as engine:
        return run_mission(
            RunRequest(path=str(scratch.task_file), tasks=tasks),
            engine,
            RecordingDisplay(),
            stop or Stop(),
            remote=remote,
        )


@pytest.fixture
def workers(tmp_path: Path) -> ThreadWorkers:
    return ThreadWorkers(tmp_path / "elsewhere")


def test_a_worker_does_the_work_and_the_orchestrator_merges_it(
    tmp_path: Path, workers: ThreadWorkers
) -> None:
    rows = [row("A"), row("B", after="A"), row("R", branch="—", after="B")]
    keep = {"merge": {"keep_branches": True}}
    scratch = make(tmp_path, rows, config=elsewhere(tmp_path) | keep)
    assert run(scratch, workers).exit_code == 0
    assert scratch.merged() == ["A", "B"]
    assert scratch.statuses() == dict.fromkeys("ABR", "done")
    author = Git(scratch.remote).text("log", "-1", "--format=%an", "feat/a")
    assert author == "worker via mission-runner"
    said = Git(scratch.remote).text("log", "-1", "--format=%B", "feat/a")
    assert said.endswith("Mission-Task: A\nMission-Attempt: 1")
    left = [one for one in (tmp_path / "elsewhere" / "worktrees").glob("*/*/*") if one.is_dir()]
    assert left == []
    with scratch.journal() as journal:
        assert [event.what.host for event in journal.events(Pushed, task="A")] != []
        log = Path(str(journal.attempts("A")[0].log)).read_text()
        assert log.startswith("on a worker\nunder way on a thread\nworker can work here\n")
        assert "\nOn " in log


def test_nothing_of_the_senders_machine_is_in_an_errand(
    tmp_path: Path, workers: ThreadWorkers
) -> None:
    scratch = make(tmp_path, [row("A")], config=elsewhere(tmp_path))
    run(scratch, workers)
    (errand,) = workers.errands
    assert str(scratch.top) not in json.dumps(errand.to_json())
    assert str(scratch.task_file) not in json.dumps(errand.to_json())


def test_a_branch_that_changes_the_task_file_does_not_merge(
    tmp_path: Path, workers: ThreadWorkers
) -> None:
    obeys = "import pathlib\npathlib.Path('plan/TASKS.md').write_text('all done')\n"
    scratch = make(tmp_path, [row("A")], worker=obeys, config=elsewhere(tmp_path))
    before = scratch.task_file.read_text()
    assert run(scratch, workers).blocked == ("A",)
    assert "TASKS.md" in scratch.notes("A")
    assert scratch.merged() == []
    assert "| A |" in before
    assert "| A | blocked |" in scratch.task_file.read_text()


def test_a_worker_that_is_lost_has_its_row_dispatched_again_once(tmp_path: Path) -> None:
    lost: list[str] = []

    def lose(errand: Errand) -> bool:
        if errand.task != "A" or lost:
            return False
        lost.append(errand.task)
        return True

    workers = ThreadWorkers(tmp_path / "elsewhere", lose)
    scratch = make(tmp_path, [row("A"), row("B")], config=elsewhere(tmp_path))
    assert run(scratch, workers).exit_code == 0
    assert sorted(scratch.merged()) == ["A", "B"]
    with scratch.journal() as journal:
        assert [one.outcome for one in journal.attempts("A")] == ["killed", "success"]
        assert [one.outcome for one in journal.attempts("B")] == ["success"]


class Refusing:
    """Workers that hold what an orchestrator that died had given them."""

    def __init__(self, workers: ThreadWorkers) -> None:
        self._workers = workers
        self.started: list[str] = []

    def start(self, errand: Errand, key: str) -> str:
        self.started.append(errand.task)
        return self._workers.start(errand, key)

    def holds(self, run: str) -> bool:
        return self._workers.holds(run)

    def wait(self, run: str, stop: Stop, on_phase: OnPhase) -> Delivery:
        if len(self.started) == 1 and not stop.requested:
            self.started.append("died")
            raise KeyboardInterrupt  # as good as the death of the runner, for the journal
        return self._workers.wait(run, stop, on_phase)


def test_after_a_crash_the_same_errand_is_waited_for(
    tmp_path: Path, workers: ThreadWorkers
) -> None:
    scratch = make(tmp_path, [row("A")], config=elsewhere(tmp_path))
    dying = Refusing(workers)
    with pytest.raises(KeyboardInterrupt):
        run(scratch, dying)
    assert scratch.statuses() == {"A": "in-progress"}
    assert run(scratch, dying).exit_code == 0
    assert dying.started == ["A", "died"]
    assert scratch.merged() == ["A"]


def unblock(scratch: Scratch) -> None:
    with scratch.journal() as journal:
        journal.submit_request("unblock", "A", by="person")


class Away(ThreadWorkers):
    """Workers that cannot be reached for a while."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.away = 0  # so many questions are not answered
        self.dies = True  # the runner, while it waits

    def _reach(self) -> None:
        self.away -= 1
        if self.away >= 0:
            raise WorkersAwayError("Prefect does not answer", hint="Start it")

    def start(self, errand: Errand, key: str) -> str:
        self._reach()
        return super().start(errand, key)

    def holds(self, run: str) -> bool:
        self._reach()
        return super().holds(run)

    def wait(self, run: str, stop: Stop, on_phase: OnPhase) -> Delivery:
        if self.dies:
            raise KeyboardInterrupt
        return super().wait(run, stop, on_phase)


def test_workers_that_cannot_be_reached_are_waited_for_and_paid_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "orchestrator.workers.sending.PAUSES", Backoff(first=timedelta(milliseconds=1))
    )
    workers = Away(tmp_path / "elsewhere")
    rows = [row("A"), row("N", branch="—", agent="other")]
    agents = elsewhere(tmp_path)["agents"]
    assert isinstance(agents, dict)
    agents |= {"other": {**agents["worker"], "where": "here"}}
    scratch = make(tmp_path, rows, config={"agents": agents, "patience": "1s"})
    workers.away = 2
    with pytest.raises(KeyboardInterrupt):
        run(scratch, workers, tasks=("A",))
    workers.dies = False
    workers.away = 1 << 20  # for longer than the mission's patience
    assert run(scratch, workers).blocked == ("A",)
    assert "Prefect does not answer" in scratch.notes("A")
    assert scratch.statuses() == {"A": "blocked", "N": "done"}
    unblock(scratch)
    workers.away = 2
    assert run(scratch, workers).exit_code == 0
    assert scratch.merged() == ["A"]
    assert len(workers.errands) == 1


class Mute(ThreadWorkers):
    """Workers that take what they are given, and whose answers are lost for a while."""

    def __init__(self, home: Path, loss: BaseException) -> None:
        super().__init__(home)
        self.loss: BaseException | None = loss
        self.mute = ""  # about what

    def start(self, errand: Errand, key: str) -> str:
        run = super().start(errand, key)
        if self.loss is not None and errand.about == self.mute:
            raise self.loss
        return run


@pytest.mark.parametrize("loss", [KeyboardInterrupt(), WorkersAwayError("no answer")])
def test_an_errand_whose_answer_was_lost_is_paid_once(
    tmp_path: Path, loss: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "orchestrator.workers.sending.PAUSES", Backoff(first=timedelta(milliseconds=1))
    )
    workers = Mute(tmp_path / "elsewhere", loss)
    scratch = make(tmp_path, [row("A")], config={**elsewhere(tmp_path), "patience": "1s"})
    if isinstance(loss, KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt):
            run(scratch, workers)
    else:
        assert run(scratch, workers).blocked == ("A",)
        unblock(scratch)
    workers.loss = None
    assert run(scratch, workers).exit_code == 0
    assert scratch.merged() == ["A"]
    assert len(workers.errands) == 1


def test_a_closed_gate_of_the_worker_holds_the_push_back(
    tmp_path: Path, workers: ThreadWorkers
) -> None:
    gate = {"type": "script", "run": ["false"], "exit_codes": {"1": "failed"}}
    config = {**elsewhere(tmp_path), "gates": [gate], "status": {"commit": "never"}}
    scratch = make(tmp_path, [row("A")], config=config)
    assert run(scratch, workers).blocked == ("A",)
    assert "feat/a" not in Git(scratch.remote).text("branch", "--list")
    assert scratch.merged() == []


def test_work_that_a_gate_of_the_worker_held_up_is_pushed_and_not_done_again(
    tmp_path: Path, workers: ThreadWorkers
) -> None:
    works = """
import json, os, pathlib
here, attempt = pathlib.Path(__file__).parent, os.environ["MISSION_ATTEMPT"]
(here / f"asked-{attempt}").touch()
pathlib.Path("work.txt").write_text(attempt)
print(json.dumps({"outcome": "success", "summary": "my work", "input_tokens": 500}))
"""
    opened = tmp_path / "open"
    gate = {"type": "script", "run": ["test", "-e", str(opened)], "exit_codes": {"1": "failed"}}
    config = {**elsewhere(tmp_path), "gates": [gate], "status": {"commit": "never"}}
    scratch = make(tmp_path, [row("A")], worker=works, config=config)
    assert run(scratch, workers).blocked == ("A",)
    assert "finished on" in scratch.notes("A")
    opened.touch()
    with scratch.journal() as journal:
        assert journal.spent("A").tokens == 500
        journal.submit_request("unblock", "A", by="person")
    assert run(scratch, workers).exit_code == 0
    assert Git(scratch.remote).text("show", "main:work.txt") == "1"
    assert [one.name for one in tmp_path.glob("asked-*")] == ["asked-1"]
    with scratch.journal() as journal:
        assert journal.spent("A").tokens == 500
        assert [one.summary for one in journal.attempts("A")][1] == "my work"


# Approves the author's work; tells where it was asked.
REVIEWER = """
import json, os, pathlib
here = pathlib.Path(__file__).parent
(here / "reviewed").write_text(os.getcwd())
pathlib.Path("junk.txt").write_text("a reviewer changes nothing")
good = pathlib.Path("A.txt").read_text() == "work of A\\n"
review = {"verdict": "approve" if good else "request-changes", "summary": "read"}
print(json.dumps({"outcome": "success", "answer": review, "input_tokens": 7}))
"""


@pytest.mark.parametrize("author", ["here", "worker"])
def test_a_reviewer_that_works_on_workers_is_asked_there(
    tmp_path: Path, workers: ThreadWorkers, author: str
) -> None:
    (tmp_path / "reviewer.py").write_text(REVIEWER)
    agents = elsewhere(tmp_path, where=author)["agents"]
    assert isinstance(agents, dict)
    critic = {**agents["worker"], "run": ["python3", str(tmp_path / "reviewer.py")]}
    critic |= {"where": "worker", "model": "another"}
    config: dict[str, object] = {
        "agents": {**agents, "critic": critic},
        "review": [{"by": ["critic"]}],
    }
    scratch = make(tmp_path, [row("A")], config=config)
    assert run(scratch, workers).exit_code == 0
    assert scratch.merged() == ["A"]
    assert str(tmp_path / "elsewhere") in (tmp_path / "reviewed").read_text()
    assert "junk.txt" not in Git(scratch.remote).text("ls-tree", "-r", "--name-only", "main")
    assert [one.about for one in workers.errands][-1] == "review"
    left = [one for one in (tmp_path / "elsewhere" / "worktrees").glob("*/*/*") if one.is_dir()]
    assert left == []
    with scratch.journal() as journal:
        assert journal.spent("A").tokens == 7
        (log,) = Path(str(journal.attempts("A")[0].log)).parent.glob("A-1.critic.log")
        assert "On " in log.read_text()


def test_a_planner_that_works_on_workers_is_asked_there(
    tmp_path: Path, workers: ThreadWorkers
) -> None:
    task = {"id": "M2-01", "description": "Do it.", "agent": "worker", "estimate_tokens": 1000,
            "branch": "feat/m2-01"}  # fmt: skip
    plan = json.dumps({"goal": "More.", "tasks": [task]})
    answer = json.dumps({"answer": plan, "summary": "planned"})
    (tmp_path / "planner.py").write_text(f"print({answer!r})")
    agents = elsewhere(tmp_path)["agents"]
    assert isinstance(agents, dict)
    planner = {**agents["worker"], "run": ["python3", str(tmp_path / "planner.py")]}
    placeholder = "\n## Milestone 2 — Second (M2)\n\n_Deferred._\n"
    rows = [row("A", status="done"), placeholder]
    scratch = make(tmp_path, rows, config={"agents": {"worker": agents["worker"], "opus": planner}})
    text = scratch.task_file.read_text()
    scratch.task_file.write_text(text.replace("`worker` | `other`", "`opus` | `worker`"))
    with ThreadEngine(2) as engine:
        request = RunRequest(path=str(scratch.task_file), expand=True)
        end = run_mission(request, engine, RecordingDisplay(), Stop(), remote=workers)
    assert end.exit_code == 0
    assert scratch.merged() == ["M2-01"]
    assert [one.about for one in workers.errands] == ["plan", ""]


def test_a_secret_in_the_settings_is_not_sent(
    tmp_path: Path, workers: ThreadWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "hunter2-hunter2")
    config = elsewhere(tmp_path, set={"KEY": "hunter2-hunter2"})
    scratch = make(tmp_path, [row("A")], config=config)
    assert run(scratch, workers).blocked == ("A",)
    assert "holds a secret" in scratch.notes("A")
    assert workers.errands == ()


@pytest.mark.parametrize("remote", [NoWorkers, lambda: None])
def test_without_workers_the_row_is_blocked_with_the_reason(
    tmp_path: Path, remote: Callable[[], RemoteAgents]
) -> None:
    scratch = make(tmp_path, [row("A")], config=elsewhere(tmp_path))
    assert run(scratch, remote()).blocked == ("A",)
    assert "cannot reach any" in scratch.notes("A")


def test_without_a_remote_there_is_none_to_clone_from(
    tmp_path: Path, workers: ThreadWorkers, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch = make(tmp_path, [row("A")], config=elsewhere(tmp_path))
    scratch.git.run("remote", "remove", "origin")
    assert run(scratch, workers).blocked == ("A",)
    (add,) = commands_in(scratch.notes("A"))
    typed(capsys, add.replace("URL", str(scratch.remote)), folder=scratch.top)
    scratch.git.run("push", "--quiet", "origin", "main")
    typed(capsys, "mission unblock A", folder=scratch.top)
    assert run(scratch, workers).exit_code == 0


def test_a_tool_that_a_worker_lacks_is_named_with_its_machine(
    tmp_path: Path, workers: ThreadWorkers
) -> None:
    scratch = make(tmp_path, [row("A")], config=elsewhere(tmp_path, run=["no-such-tool-here"]))
    assert run(scratch, workers).blocked == ("A",)
    assert "no-such-tool-here" in scratch.notes("A")


def test_an_attempt_that_was_given_up_is_not_pushed(tmp_path: Path) -> None:
    workers = ThreadWorkers(tmp_path / "elsewhere")
    scratch = make(tmp_path, [row("A")], config=elsewhere(tmp_path))
    run(scratch, workers)
    (errand,) = workers.errands
    Git(scratch.remote).run("branch", "-D", "feat/a", check=False)
    late = Worker(home=tmp_path / "another").carry_out(errand, Stop(), wanted=lambda: False)
    assert late.result.outcome is Outcome.STOPPED
    assert "feat/a" not in Git(scratch.remote).text("branch", "--list")


# Writes a file and fails, or, where it finds the file, says so in another one.
HALF = """
import pathlib, sys
half = pathlib.Path("half.txt")
if not half.exists():
    half.write_text("half")
    sys.exit(1)
pathlib.Path("whole.txt").write_text("whole")
"""


def an_errand(tmp_path: Path, worker: str) -> tuple[Scratch, Errand]:
    """An errand that no worker has begun."""
    waiting = ThreadWorkers(tmp_path / "nobody", lambda _errand: True)
    once = {**elsewhere(tmp_path), "tasks": {"A": {"max_attempts": 1}}}
    scratch = make(tmp_path, [row("A")], worker="raise SystemExit(1)", config=once)
    run(scratch, waiting)
    (tmp_path / "worker.py").write_text(worker)
    (errand,) = waiting.errands
    return scratch, errand


def test_the_same_worker_goes_on_with_what_it_left(tmp_path: Path) -> None:
    scratch, errand = an_errand(tmp_path, HALF)
    worker = Worker(home=tmp_path / "home")
    assert worker.carry_out(errand, Stop()).result.outcome is Outcome.CRASHED
    second = worker.carry_out(replace(errand, attempt=2), Stop())
    assert second.result.outcome is Outcome.SUCCESS
    files = Git(scratch.remote).text("ls-tree", "-r", "--name-only", "feat/a").split("\n")
    assert {"half.txt", "whole.txt"} <= set(files)


def test_work_that_nobody_pushed_gives_way_to_what_others_pushed_and_is_kept(
    tmp_path: Path,
) -> None:
    says = "import os, pathlib\npathlib.Path(os.environ['MISSION_ATTEMPT']).write_text('x')\n"
    scratch, errand = an_errand(tmp_path, says)
    one, two = Worker(home=tmp_path / "one"), Worker(home=tmp_path / "two")
    late = one.carry_out(errand, Stop(), wanted=lambda: False)
    assert late.result.outcome is Outcome.STOPPED
    assert two.carry_out(replace(errand, attempt=2), Stop()).head is not None
    third = one.carry_out(replace(errand, attempt=3), Stop())
    assert third.result.outcome is Outcome.SUCCESS, third.result.summary
    assert third.head == Git(scratch.remote).commit("feat/a")
    files = Git(scratch.remote).text("ls-tree", "-r", "--name-only", "feat/a").split("\n")
    assert {"2", "3"} <= set(files)
    assert "1" not in files
    (clone,) = (tmp_path / "one" / "clones").glob("*.git")
    kept = Git(clone).text("for-each-ref", "refs/mission-runner/kept").split("\n")
    assert len(kept) == 1
