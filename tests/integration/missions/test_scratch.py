"""The scratch repository: a checkout, a bare remote, a mission, and a history."""

from __future__ import annotations

from pathlib import Path

import pytest

from errors import UsageError
from mission.config import load_config
from missions.beginning import Ports, operations_for, reset
from missions.scratch import make_scratch, shipped_plan, start_ci
from orchestrator.operations.catalogue import OPERATIONS
from tasks_md.parse import parse
from tiers.config import load_tier_config
from workspace.git import Git


def test_it_holds_the_mission_and_a_commit_for_each_finished_row(tmp_path: Path) -> None:
    content = shipped_plan().read_bytes()
    plan = parse(content.decode())
    scratch = make_scratch(tmp_path / "new" / "demo", plan, content)
    assert scratch.task_file.read_bytes() == content
    git = Git(scratch.repository)
    assert git.run("status", "--porcelain").stdout == ""
    subjects = Git(scratch.remote).run("log", "--format=%s", "main").stdout.splitlines()
    finished = [task.id for task in plan.tasks if task.status == "done"]
    assert [line.partition(":")[0] for line in subjects] == [
        *reversed(finished),
        "Put the mission in",
    ]
    config = load_config(scratch.task_file.with_name("mission.yaml"))
    assert set(config.agents) == {"codex", "glm-5.1", "haiku", "sonnet", "opus"}


def test_an_agent_that_only_the_plan_knows_is_scripted_too(tmp_path: Path) -> None:
    row = '| A | not-started | gem: "x" | Do it |'
    text = f"## Milestone 1 — M (M)\n\n| id | status | agent | description |\n|-|-|-|-|\n{row}\n"
    scratch = make_scratch(tmp_path / "demo", parse(text), text.encode())
    agents = load_config(scratch.task_file.with_name("mission.yaml")).agents
    assert agents['gem: "x"'] == agents["sonnet"]


def test_a_push_starts_ci_only_once_it_is_started(tmp_path: Path) -> None:
    content = shipped_plan().read_bytes()
    scratch = make_scratch(tmp_path / "demo", parse(content.decode()), content)
    assert list((scratch.remote / "ci").iterdir()) == []
    start_ci(scratch)
    Git(scratch.repository).run("push", "--quiet", "origin", "main:feat/x")
    assert [run.name.split("-")[0] for run in (scratch.remote / "ci").iterdir()] == ["x"]


def test_a_hostile_id_stays_inside(tmp_path: Path) -> None:
    rows = "| ../../out | done | up |\n| `$(touch y)` | done | run |\n"
    text = f"## Milestone 1 — M (M)\n\n| id | status | description |\n|---|---|---|\n{rows}"
    scratch = make_scratch(tmp_path / "demo", parse(text), text.encode())
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert len(list((scratch.repository / "delivered").iterdir())) == 2


def test_what_a_person_set_for_every_repository_does_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "pre-push", "post-receive"):
        (hooks / name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (hooks / name).chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(
        f"[core]\n\thooksPath = {hooks}\n\tautocrlf = true\n[commit]\n\tgpgsign = true\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_bytes(config.read_bytes())
    content = shipped_plan().read_bytes()
    scratch = make_scratch(tmp_path / "demo", parse(content.decode()), content)
    assert scratch.task_file.read_bytes() == content


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    content = shipped_plan().read_bytes()
    with pytest.raises(UsageError, match="is not empty"):
        make_scratch(tmp_path, parse(content.decode()), content)


def test_a_mission_that_begins_anew(tmp_path: Path) -> None:
    plan = parse(shipped_plan().read_bytes().decode())
    content = reset(plan)
    begun = parse(content.decode())
    assert {task.status for task in begun.tasks} == {"not-started"}
    assert [task.notes for task in begun.tasks][:9] == [""] * 9
    assert begun.task("FED-M1-10").notes == plan.task("FED-M1-10").notes
    scratch = make_scratch(
        tmp_path / "demo", begun, content, tier=Ports(postgres=5555, valkey=6666)
    )
    config = load_tier_config(scratch.repository / "mission.config.json", environment={})
    assert config.postgres is not None
    assert config.valkey is not None
    assert (config.tier, config.postgres.port, config.valkey.port) == ("federated", 5555, 6666)
    tasks = load_config(scratch.task_file.with_name("mission.yaml")).tasks
    assert tasks["FED-M1-05"].run == "migrate-tier"
    assert {str(task.run) for task in tasks.values()} <= set(OPERATIONS)


def test_the_operations_of_rows_that_a_plan_has_not_are_left_out() -> None:
    rows = "| FED-M1-03 | done | x |\n"
    text = f"## Milestone 1 — M (M)\n\n| id | status | description |\n|-|-|-|\n{rows}"
    assert operations_for(parse(text)) == {"FED-M1-03": {"run": "pgvector-init"}}
