"""A whole mission with the real Claude Code and Codex side by side, their models scripted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import reduce
from pathlib import Path

import pytest

from agents.prices import Prices
from mission.journal import Attempt
from mission.usage import Usage
from orchestrator.ports.display import RecordingDisplay
from tests.conftest import requires
from tests.integration.agents.tools import CODEX, GLM, HAIKU, KEY, home_environment
from tests.model_server import Bill, Fail, ModelServer, Say, Step
from tests.scratch import Scratch, make, row
from workspace.git import Git

pytestmark = [
    requires("claude", "codex"),
    requires(system="linux"),
    pytest.mark.slow,
]

BILL = Bill(fresh=700, cached=5_000, written=1_100, output=170)


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ExitStack]:
    for name, value in home_environment(tmp_path / "user").items():
        monkeypatch.setenv(name, value)
    for name in ("ANTHROPIC_API_KEY", "GLM_API_KEY", "CODEX_API_KEY"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "mission-home"))
    with ExitStack() as stack:
        yield stack


def _agent(servers: ExitStack, *steps: Step, path: str = "") -> dict[str, object]:
    server = servers.enter_context(ModelServer(*steps))
    return {"base_url": f"{server.url}{path}", "retries": 0}


def _last(scratch: Scratch, task: str) -> Attempt:
    with scratch.journal() as journal:
        found = journal.last_attempt(task)
    assert found is not None
    return found


def test_a_mission_with_a_mix_of_agents(tmp_path: Path, servers: ExitStack) -> None:
    slow_down = Fail(
        status=429, kind="rate_limit_error", message="slow down, try again in 1 seconds"
    )
    agents = {
        "haiku": _agent(
            servers,
            HAIKU.shell("echo a > A.txt && git add -A && git commit -qm 'Write A'"),
            Say(text="Wrote A."),
        ),
        "codex": _agent(servers, CODEX.shell("echo b > B.txt"), Say(text="Wrote B."), path="/v1"),
        "glm-5.1": _agent(servers, slow_down, GLM.shell("echo c > C.txt"), Say(text="Wrote C.")),
        "sonnet": _agent(servers, Say(text="# Report\n\nA and B are fine.")),
    }
    rows = [
        row("A", agent="haiku"),
        row("B", agent="codex"),
        row("C", agent="glm-5.1"),
        row("D", agent="sonnet", branch="—", after="A, B"),
    ]
    scratch = make(tmp_path, rows, config={"agents": agents})
    display = RecordingDisplay()
    end = scratch.run(display=display)
    assert end.exit_code == 0, (scratch.statuses(), [scratch.notes(task) for task in "ABCD"])
    assert scratch.statuses() == dict.fromkeys("ABCD", "done")
    assert sorted(scratch.merged()) == ["A", "B", "C"]

    authors = Git(scratch.remote).text("log", "--format=%s|%an", "main").splitlines()
    for task, agent in (("A", "haiku"), ("B", "codex"), ("C", "glm-5.1")):
        assert any(
            line.startswith(task) and line.endswith(f"|{agent} via mission-runner")
            for line in authors
        ), authors

    for task in "ABCD":
        attempt = _last(scratch, task)
        assert attempt.session
        assert attempt.input_tokens >= 100
        assert attempt.cost_usd is not None
    with scratch.journal() as journal:
        assert [one.outcome for one in journal.attempts("C")] == ["rate-limit", "success"]


def test_no_key_of_a_tool_is_left_anywhere(tmp_path: Path, servers: ExitStack) -> None:
    tells = f"echo {KEY} && env && echo x > A.txt"
    agents = {"haiku": _agent(servers, HAIKU.shell(tells), Say(text=f"The key is {KEY}."))}
    scratch = make(tmp_path, [row("A", agent="haiku")], config={"agents": agents})
    display = RecordingDisplay()
    assert scratch.run(display=display).exit_code == 0
    places = [scratch.top / ".git", scratch.top / "plan", scratch.remote, tmp_path / "mission-home"]
    files = [file for place in places for file in place.rglob("*") if file.is_file()]
    assert any(file.suffix == ".sqlite" for file in files)
    assert any(file.suffix == ".log" for file in files)
    assert [file for file in files if KEY.encode() in file.read_bytes()] == []
    assert KEY not in repr(display)


def test_what_a_mission_books_is_what_was_billed(tmp_path: Path, servers: ExitStack) -> None:
    """Two rounds of a review, and a row whose agent is limited and is stood in for."""
    finding = {"file": "A.txt", "severity": "major", "message": "it says too little"}
    again = {"verdict": "request-changes", "summary": "Not yet.", "findings": [finding]}
    fine = {"verdict": "approve", "summary": "Fine."}
    said = {
        "haiku": (
            HAIKU.shell("echo a > A.txt"),
            Say(text="Wrote A."),
            HAIKU.shell("echo more >> A.txt"),
            Say(text="Wrote more."),
            HAIKU.shell("echo b > B.txt"),
            Say(text="Wrote B."),
        ),
        "sonnet": (Say(text=json.dumps(again)), Say(text=json.dumps(fine))),
        "codex": (
            CODEX.shell("true"),
            Fail(status=429, kind="usage_limit_reached", message="The usage limit is reached"),
        ),
    }
    models = {
        name: servers.enter_context(ModelServer(*steps, bill=BILL)) for name, steps in said.items()
    }
    agents = {
        name: {"base_url": f"{model.url}{'/v1' if name == 'codex' else ''}", "retries": 0}
        for name, model in models.items()
    }
    config: dict[str, object] = {
        "agents": agents | {"codex": {**agents["codex"], "fallback": "haiku"}},
        "review": [{"match": {"description": "A"}, "by": ["sonnet"]}],
        "max_parallel": 1,
    }
    scratch = make(
        tmp_path, [row("A", agent="haiku"), row("B", agent="codex", after="A")], config=config
    )
    end = scratch.run(display=RecordingDisplay())
    assert end.exit_code == 0, (scratch.statuses(), scratch.notes("A"), scratch.notes("B"))
    billed = reduce(Usage.plus, (Usage.of(model.billed) for model in models.values()))
    with scratch.journal() as journal:
        attempts = [one for task in "AB" for one in journal.attempts(task)]
    assert [one.agent for one in attempts] == ["haiku", "haiku", "codex", "haiku"]
    booked = reduce(Usage.plus, (one.usage for one in attempts))
    assert booked.input_tokens == pytest.approx(billed.input_tokens, rel=0.01)
    assert booked.cached_tokens == pytest.approx(billed.cached_tokens, rel=0.01)
    assert booked.output_tokens == pytest.approx(billed.output_tokens, rel=0.01)
    assert booked.cost_usd == pytest.approx(Prices.shipped().cost(billed, None), rel=0.01)


def test_rows_under_way_pass_a_limit_by_one_request_each_at_most(
    tmp_path: Path, servers: ExitStack
) -> None:
    """Three agents that would never end, without an estimate that would keep any from starting."""
    bill = Bill(fresh=90, cached=10, output=20)
    model = servers.enter_context(
        ModelServer(HAIKU.shell("echo x >> $MISSION_TASK.txt"), bill=bill)
    )
    config: dict[str, object] = {
        "agents": {"haiku": {"base_url": model.url, "retries": 0}},
        "budget": {"run": {"tokens": 2_500}},
        "max_parallel": 3,
    }
    rows = [row(task, agent="haiku").replace("| 1K |", "| — |") for task in "ABC"]
    scratch = make(tmp_path, rows, config=config)
    end = scratch.run(display=RecordingDisplay(), slots=3)
    used = Usage.of(model.billed).tokens
    assert 2_000 < used <= 2_500 + 3 * 110
    assert sorted(end.over_budget) == ["A", "B", "C"]
    assert "budget.run" in end.over_budget["A"]
    assert scratch.statuses() == dict.fromkeys("ABC", "not-started")
    with scratch.journal() as journal:
        assert journal.spent().tokens == pytest.approx(used, abs=3 * 20)
        assert all(len(journal.attempts(task)) == 1 for task in "ABC")
        assert all(journal.attempts(task)[0].session for task in "ABC")
