"""What agents use on workers is journalled as they tell it, and once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from orchestrator.run_end import RunEnd
from orchestrator.workers.errand import Delivery, Errand, UsedSoFar
from orchestrator.workers.remote import OnPhase, RemoteAgents, ThreadWorkers
from tests.crash.test_usage_killed import TOOL
from tests.scratch import Scratch, make, row
from workspace.process import Stop


def mission(folder: Path) -> Scratch:
    """One row, whose author and reviewer are tools that work on workers: 95 tokens each."""
    tool = folder / "tool"
    tool.write_text(TOOL.format(python=sys.executable, here=str(folder)))
    tool.chmod(0o755)
    agents = {
        name: {
            "type": "claude",
            "model": model,
            "program": str(tool),
            "where": "worker",
            "sandbox": {"type": "none"},
        }
        for name, model in (("worker", "author"), ("critic", "critic"))
    }
    return make(folder, [row("A")], config={"agents": agents, "review": [{"by": ["critic"]}]})


def run(scratch: Scratch, remote: RemoteAgents) -> RunEnd:
    with ThreadEngine(2) as engine:
        request = RunRequest(path=str(scratch.task_file))
        return run_mission(request, engine, RecordingDisplay(), Stop(), remote=remote)


def test_what_an_agent_had_used_is_known_when_its_worker_dies(tmp_path: Path) -> None:
    lost: list[str] = []

    def lose(errand: Errand) -> bool:
        lost.append(errand.about)
        return lost.count(errand.about) == 1  # the author's first worker, and the reviewer's

    scratch = mission(tmp_path)
    assert run(scratch, ThreadWorkers(tmp_path / "elsewhere", lose)).exit_code == 0
    assert lost == ["", "", "review", "review"]
    with scratch.journal() as journal:
        first, second = journal.attempts("A")
        assert (first.outcome, first.tokens, first.cached_tokens) == ("killed", 95, 10)
        assert first.cost_usd == 0.5
        assert first.session is not None
        assert second.tokens == 3 * 95  # its own, and two reviews
        assert second.cost_usd == pytest.approx(1.5)


class Remembering:
    """Workers whose orchestrator dies while it waits for what `dies` names, once."""

    def __init__(self, workers: ThreadWorkers, dies: str) -> None:
        self._workers = workers
        self._dies = dies
        self._done: dict[str, tuple[list[str], Delivery]] = {}
        self._about: dict[str, str] = {}

    def start(self, errand: Errand, key: str) -> str:
        run = self._workers.start(errand, key)
        self._about[run] = errand.about
        return run

    def holds(self, run: str) -> bool:
        return run in self._about

    def wait(self, run: str, stop: Stop, on_phase: OnPhase) -> Delivery:
        if run not in self._done:
            lines: list[str] = []
            self._done[run] = lines, self._workers.wait(run, stop, lines.append)
        lines, delivery = self._done[run]
        for line in lines:
            on_phase(line)
        if self._about[run] == self._dies:
            self._dies = "nothing"
            raise KeyboardInterrupt
        return delivery


@pytest.mark.parametrize("dies", ["", "review"])
def test_a_run_that_is_waited_for_again_is_booked_once(tmp_path: Path, dies: str) -> None:
    scratch = mission(tmp_path)
    workers = Remembering(ThreadWorkers(tmp_path / "elsewhere"), dies)
    with pytest.raises(KeyboardInterrupt):
        run(scratch, workers)
    with scratch.journal() as journal:
        assert journal.spent("A").tokens == (95 if dies == "" else 2 * 95)
    assert run(scratch, workers).exit_code == 0
    with scratch.journal() as journal:
        spent = journal.spent("A")
        assert (spent.tokens, spent.cached_tokens, spent.cost_usd) == (2 * 95, 20, 1.0)
    assert len((tmp_path / "starts").read_text().splitlines()) == 2


def test_what_an_agent_says_is_not_taken_for_what_it_used() -> None:
    assert UsedSoFar.from_line('said: used so far: {"session": "x", "usage": {}}') is None
    assert UsedSoFar.from_line("used so far: {") is None


def test_a_reviewer_on_a_worker_that_gave_no_review_is_asked_anew(tmp_path: Path) -> None:
    scratch = mission(tmp_path)
    tool = tmp_path / "tool"
    whole = tool.read_text()
    tool.write_text(whole.replace('"verdict": "approve"', '"verdict": "who knows"'))
    workers = ThreadWorkers(tmp_path / "elsewhere")
    assert run(scratch, workers).blocked == ("A",)
    tool.write_text(whole)
    with scratch.journal() as journal:
        journal.submit_request("unblock", "A", by="person")
    assert run(scratch, workers).exit_code == 0
    assert [errand.about for errand in workers.errands] == ["", "review", "review"]
