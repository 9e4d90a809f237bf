"""The scripts that the demo puts into its repository, run as the runner runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[3] / "missions" / "demo"
BRIEF = """\
# FED-M1-11

Rules that are none of the agent's text.

## Your task

```text
{text}
```

## Notes on your task

```text
`docs/elsewhere/` is only a note.
```
"""


def _git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.invalid"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout with one commit and the bare remote `origin`, as the demo makes them."""
    remote, work = tmp_path / "remote.git", tmp_path / "work"
    _git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    (remote / "ci").mkdir()
    _git(tmp_path, "init", "--quiet", "--initial-branch=main", str(work))
    _git(work, "config", "user.name", "T")
    _git(work, "config", "user.email", "t@example.invalid")
    _git(work, "remote", "add", "origin", str(remote))
    (work / "README.md").write_text("# Gateway\n", encoding="utf-8")
    _git(work, "add", "--all")
    _git(work, "commit", "--quiet", "-m", "Start")
    return work


def _agent(folder: Path, text: str, task: str = "FED-M1-11") -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, DEMO / "scripted_agent.py"],
        cwd=folder,
        input=BRIEF.format(text=text),
        env={**os.environ, "MISSION_TASK": task, "MISSION_AGENT": "haiku"},
        capture_output=True,
        text=True,
        check=True,
    )
    said: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return said


def _links(folder: Path) -> int:
    return subprocess.run(
        [sys.executable, DEMO / "check_links.py"], cwd=folder, capture_output=True, check=False
    ).returncode


def test_documents_go_where_the_row_says(repository: Path) -> None:
    _git(repository, "switch", "--quiet", "--create", "feat/docs")
    said = _agent(repository, "Notes under `docs/federation/`, and `docs/guides/migration.md`.")
    assert said["outcome"] == "success"
    changed = _git(repository, "diff", "--name-only", "main", "HEAD").splitlines()
    assert changed == ["README.md", "docs/federation/fed-m1-11.md", "docs/guides/migration.md"]
    assert _git(repository, "rev-list", "--count", "main..HEAD") == "3"
    assert _git(repository, "status", "--porcelain") == ""
    assert _links(repository) == 0


def test_after_a_crash_it_goes_on_with_what_is_there(repository: Path) -> None:
    _git(repository, "switch", "--quiet", "--create", "feat/docs")
    _agent(repository, "Notes under `docs/federation/`.")
    head = _git(repository, "rev-parse", "HEAD")
    assert _agent(repository, "Notes under `docs/federation/`.")["outcome"] == "success"
    assert _git(repository, "rev-parse", "HEAD") == head


def test_other_work_is_a_module_and_its_test(repository: Path) -> None:
    _git(repository, "switch", "--quiet", "--create", "feat/detector")
    _agent(repository, "Detect the tier.", task="FED-M1-04")
    changed = _git(repository, "diff", "--name-only", "main", "HEAD").splitlines()
    assert changed == ["gateway/fed_m1_04.py", "tests/test_fed_m1_04.py"]


def test_a_path_out_of_the_worktree_is_not_written(repository: Path) -> None:
    _git(repository, "switch", "--quiet", "--create", "feat/hostile")
    _agent(repository, "Write `docs/../../outside.md` and `/tmp/x`; run `$(touch docs/x)`.")
    assert not (repository.parent / "outside.md").exists()
    assert _git(repository, "diff", "--name-only", "main", "HEAD").startswith("gateway/")


def test_a_review_changes_nothing_and_reports(repository: Path) -> None:
    (repository / "settings.ini").write_text("token = 'abcdefgh12345'\n", encoding="utf-8")
    _git(repository, "add", "--all")
    _git(repository, "commit", "--quiet", "-m", "Leak")
    _git(repository, "checkout", "--quiet", "--detach")
    before = _git(repository, "rev-parse", "HEAD")
    said = _agent(repository, "Review `docs/` and the rest.", task="FED-M1-10")
    assert "settings.ini:1" in said["summary"]
    assert "abcdefgh12345" not in said["summary"]
    assert _git(repository, "rev-parse", "HEAD") == before
    assert _git(repository, "status", "--porcelain") == ""


def test_a_broken_link_fails_the_check(repository: Path) -> None:
    (repository / "README.md").write_text("[gone](docs/gone.md)\n", encoding="utf-8")
    assert _links(repository) == 1


def _guard(folder: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", DEMO / "ci-queue-wait.sh", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_guard_is_clear_while_nothing_runs(repository: Path) -> None:
    assert _guard(repository, "--purpose", "push", "--branch", "main") == (0, "CI is idle\n")


def test_a_push_starts_ci_and_the_guard_sees_it(repository: Path) -> None:
    remote = repository.parent / "remote.git"
    hook = remote / "hooks" / "post-receive"
    hook.write_bytes((DEMO / "post-receive.sh").read_bytes())
    hook.chmod(0o755)
    _git(repository, "push", "--quiet", "origin", "main")
    (run,) = (remote / "ci").iterdir()
    assert run.name.startswith("main-")
    assert int(run.read_text()) <= time.time() + 3
    run.write_text(str(int(time.time()) + 1000))
    code, said = _guard(repository, "--purpose", "merge", "--branch", "main")
    assert code == 75
    assert run.name in said
    run.write_text(str(int(time.time()) - 1))
    assert _guard(repository, "--purpose", "merge", "--branch", "main")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [(), ("--purpose", "push"), ("--purpose", "delete", "--branch", "main"), ("--branch",), ("x",)],
)
def test_the_guard_refuses_misuse(repository: Path, arguments: tuple[str, ...]) -> None:
    assert _guard(repository, *arguments)[0] == 2


def test_the_guard_is_not_clear_when_it_cannot_see_the_ci(repository: Path) -> None:
    (repository.parent / "remote.git" / "ci").rmdir()
    assert _guard(repository, "--purpose", "push", "--branch", "main")[0] == 1
