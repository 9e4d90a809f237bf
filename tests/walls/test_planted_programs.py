"""A reviewer that is a program of the repository, and an author that writes another for it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from orchestrator.workers.remote import ThreadWorkers
from tests.scratch import Scratch, make, row
from workspace.git import Git
from workspace.process import Stop

APPROVAL = json.dumps({"verdict": "approve", "summary": "fine", "findings": []})

# What the base has: a program with a part of its own beside it.
_REVIEWER = "import answers\nanswers.give()\n"
_ANSWERS = (
    f"def give(): print({json.dumps(json.dumps({'outcome': 'success', 'answer': APPROVAL}))})\n"
)


def _mission(tmp_path: Path, reviewer: list[str], author: str) -> Scratch:
    agents = {
        "worker": {"type": "command", "run": [sys.executable, "-S", "-c", author]},
        "other": {"type": "command", "run": reviewer, "model": "another"},
    }
    return _mission_of(tmp_path, {"agents": agents, "review": [{"by": ["other"]}]})


def _mission_of(tmp_path: Path, config: dict[str, object]) -> Scratch:
    scratch = make(tmp_path, [row("A")], config=config)
    tools = scratch.top / "tools"
    tools.mkdir()
    (tools / "review.py").write_text(_REVIEWER, encoding="utf-8")
    (tools / "answers.py").write_text(_ANSWERS, encoding="utf-8")
    (tools / "author.py").write_text("open('done.txt', 'w').write('x')", encoding="utf-8")
    scratch.git.run("add", "--all")
    scratch.git.run("commit", "--quiet", "-m", "Add the reviewer")
    scratch.git.run("push", "--quiet")
    return scratch


def _plants(tmp_path: Path, *names: str) -> str:
    canary = f"open({str(tmp_path / 'canary')!r}, 'w')"
    writes = [f"open({name!r}, 'w').write({canary!r})" for name in names]
    return "; ".join(["open('work.txt', 'w').write('x')", *writes])


def test_a_reviewer_of_the_repository_is_the_one_of_the_base(tmp_path: Path) -> None:
    author = _plants(tmp_path, "tools/review.py", "tools/answers.py")
    scratch = _mission(tmp_path, [sys.executable, "tools/review.py"], author)
    end = scratch.run()
    assert not (tmp_path / "canary").exists()
    assert end.exit_code == 0, scratch.notes("A")
    assert scratch.merged() == ["A"]
    left = Git(scratch.top).text("worktree", "list").splitlines()
    assert len(left) == 1, left


def test_a_reviewer_that_only_the_author_has_written_does_not_run(tmp_path: Path) -> None:
    author = _plants(tmp_path, "tools/other.py")
    scratch = _mission(tmp_path, [sys.executable, "{worktree}/tools/other.py"], author)
    scratch.run()
    assert not (tmp_path / "canary").exists()
    assert scratch.statuses() == {"A": "blocked"}
    assert "tools/other.py, which other runs" in scratch.notes("A")
    assert "other did not review A" in scratch.notes("A")


@pytest.mark.parametrize("where", ["here", "worker"])
def test_an_author_of_the_repository_runs_as_the_base_has_it_after_another(
    tmp_path: Path, where: str
) -> None:
    """The first one plants, is out of quota, and is stood in for by what it has replaced."""
    out = json.dumps({"outcome": "quota", "retry_at": "2999-01-01T00:00:00+00:00"})
    run = [sys.executable, "-S", "-c", f"{_plants(tmp_path, 'tools/author.py')}; print({out!r})"]
    agents = {
        "worker": {"type": "command", "run": run, "fallback": "other"},
        "other": {"type": "command", "run": [sys.executable, "-S", "tools/author.py"]},
    }
    placed = {name: one | {"where": where} for name, one in agents.items()}
    scratch = _mission_of(tmp_path, {"agents": placed})
    with ThreadEngine(4) as engine:
        request = RunRequest(path=str(scratch.task_file))
        workers = ThreadWorkers(tmp_path / "elsewhere")
        run_mission(request, engine, RecordingDisplay(), Stop(), remote=workers)
    assert not (tmp_path / "canary").exists()
    assert scratch.statuses() == {"A": "done"}, scratch.notes("A")
    assert "done.txt" in scratch.git.text("ls-tree", "--name-only", "origin/main")
