"""Providers that rest, and the agents that stand in meanwhile."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.scratch import Scratch, make, row
from tests.unsteady import order, unsteady


def agents(
    folder: Path, rows: list[str], says: dict[str, list[str]], **settings: dict[str, object]
) -> Scratch:
    """A mission whose agents `worker`, `other` and `third` end as `says` has it."""
    shared = unsteady(folder, says)
    named = {name: shared | settings.get(name, {}) for name in ("worker", "other", "third")}
    return make(folder, rows, config={"agents": named}, shared=False)


def test_a_fallback_stays_while_its_own_provider_rests(tmp_path: Path) -> None:
    says = {"worker": ["quota 3600"], "other": ["rate-limit 1"]}
    scratch = agents(tmp_path, [row("A")], says, worker={"fallback": "other"})
    assert scratch.run().exit_code == 0
    assert order(tmp_path) == ["A worker", "A other", "A other"]
    with scratch.journal() as journal:
        assert [one.outcome for one in journal.attempts("A")] == ["quota", "rate-limit", "success"]
        assert "stands in" in journal.attempts("A")[2].route


def test_other_rows_of_a_resting_provider_go_to_its_fallback_at_once(tmp_path: Path) -> None:
    says = {"worker": ["quota 3600"]}
    scratch = agents(tmp_path, [row("A"), row("B")], says, worker={"fallback": "other"})
    assert scratch.run(slots=1).exit_code == 0
    assert order(tmp_path) == ["A worker", "A other", "B other"]


def test_a_fallback_that_crashed_tries_again_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policy.retry.FIRST_DELAY", timedelta(milliseconds=1))
    says = {"worker": ["overloaded"], "other": ["crashed"]}
    once: dict[str, object] = {"fallback": "other", "max_attempts": 1}
    scratch = agents(tmp_path, [row("A")], says, worker=once)
    assert scratch.run().exit_code == 0
    assert order(tmp_path) == ["A worker", "A other", "A other"]


def test_agents_of_one_kind_with_providers_of_their_own_do_not_rest_together(
    tmp_path: Path,
) -> None:
    says = {"worker": ["rate-limit 2"]}
    scratch = agents(tmp_path, [row("A"), row("B", agent="other")], says)
    assert scratch.run(slots=1).exit_code == 0
    assert order(tmp_path) == ["A worker", "B other", "A worker"]


def test_agents_of_one_provider_rest_together(tmp_path: Path) -> None:
    # Long enough for a busy machine to see that B is ready before the rest is over.
    says = {"worker": ["rate-limit 3"]}
    team: dict[str, object] = {"provider": "team"}
    rows = [row("A"), row("B", agent="other")]
    scratch = agents(tmp_path, rows, says, worker=team, other=team)
    assert scratch.run(slots=1).exit_code == 0
    assert order(tmp_path)[:2] == ["A worker", "A worker"]


def test_agents_that_stand_in_for_each_other_wait_when_both_rest(tmp_path: Path) -> None:
    says = {"worker": ["rate-limit 1"], "other": ["quota 3600"]}
    scratch = agents(
        tmp_path, [row("A")], says, worker={"fallback": "other"}, other={"fallback": "worker"}
    )
    assert scratch.run().exit_code == 0
    assert order(tmp_path) == ["A worker", "A other", "A worker"]


def test_agents_that_stand_in_for_each_other_do_not_hand_an_overload_on_for_ever(
    tmp_path: Path,
) -> None:
    says = {"worker": ["overloaded"] * 9, "other": ["overloaded"] * 9}
    pair: tuple[dict[str, object], ...] = ({"fallback": "other"}, {"fallback": "worker"})
    scratch = agents(tmp_path, [row("A")], says, worker=pair[0], other=pair[1])
    with scratch.task_file.with_name("mission.yaml").open("a") as config:
        config.write("patience: 0s\n")
    assert scratch.run().given_up.keys() == {"A"}
    assert order(tmp_path) == ["A worker", "A other"]


def test_work_of_a_fallback_that_a_gate_held_up_is_not_done_again(tmp_path: Path) -> None:
    says = {"worker": ["quota 3600"]}
    scratch = agents(tmp_path, [row("A")], says, worker={"fallback": "other"})
    gate = "gates: [{type: script, run: [test, -e, %s], exit_codes: {1: failed}}]\n"
    config = scratch.task_file.with_name("mission.yaml")
    config.write_text(config.read_text() + gate % (tmp_path / "open") + "status: {commit: never}\n")
    assert scratch.run().blocked == ("A",)
    (tmp_path / "open").touch()
    with scratch.journal() as journal:
        journal.submit_request("unblock", "A", by="person")
    assert scratch.run().exit_code == 0
    assert order(tmp_path) == ["A worker", "A other"]
