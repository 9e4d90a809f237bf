"""Secrets of several shapes, in the environment and in what agents say, on a real Prefect server:
no file that is kept holds one of them, and neither does Prefect's database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, LogFilter

from flows.server import LocalServer
from mission.config import AgentConfig, CommandAgentConfig, ForgeConfig
from orchestrator.workers.errand import Errand
from tests.prefect_server import login
from tests.scratch import Scratch, make, row

IN_ENVIRONMENT = {
    "FORGE_TOKEN": "planted-forge-token-1",
    "AWS_SECRET_ACCESS_KEY": "planted/aws+secret=2",
    "SHORT_TOKEN": "plnt-5-short",
    "STORE_URL": "postgres://admin:planted-db-password-3@db.invalid/prod",
}
SHAPED = ("ghp_" + "Pl4nted0" * 5, "sk-ant-api03-" + "Pl4nted-" * 6)  # in nobody's environment
SECRETS = (
    "planted-forge-token-1",
    "planted/aws+secret=2",
    "plnt-5-short",
    "planted%2Faws%2Bsecret%3D2",
    "planted-db-password-3",
    *SHAPED,
)
HARMLESS = "nothing-to-hide-4"  # is said beside each secret: where it is, the secrets were near

# Tells all that it knows, in every way that it has.
AGENT = f"""
import json, os, pathlib, sys
brief = sys.stdin.read()
names = {tuple(IN_ENVIRONMENT)!r}
known = " ".join([{HARMLESS!r}, *(os.environ[name] for name in names), *{SHAPED!r},
                  "planted-db-password-3"])
print(known)
print(known, file=sys.stderr)
task, agent = os.environ["MISSION_TASK"], os.environ["MISSION_AGENT"]
answer = {{"outcome": "success", "summary": known, "session": "s1"}}
if agent == "other":
    good = "round 1" in brief
    finding = {{"file": "x", "line": 1, "severity": "major", "message": known}}
    answer["answer"] = {{"verdict": "approve" if good else "request-changes", "summary": known,
                         "findings": [] if good else [finding]}}
elif task == "FAILS":
    answer["outcome"] = "crashed"
elif task == "REPORT":
    answer["answer"] = known
else:
    attempt = os.environ["MISSION_ATTEMPT"]
    # What is in the work reaches the reviewer's brief. A branch that holds a long secret of the
    # run's own is not pushed at all.
    work = " ".join([{HARMLESS!r}, os.environ["SHORT_TOKEN"], *{SHAPED!r}])
    pathlib.Path(task + ".txt").write_text(f"attempt {{attempt}}\\n{{work}}\\n")
print(json.dumps(answer))
"""


def leaky(folder: Path) -> tuple[Scratch, AgentConfig]:
    """A mission with an author, a reviewer, a row that fails and one that reports."""
    agent = CommandAgentConfig(
        run=[sys.executable, "-S", str(folder / "worker.py")],
        environment=list(IN_ENVIRONMENT),
        max_attempts=1,
    )
    plain = agent.model_dump(mode="json", exclude_unset=True)
    config: dict[str, object] = {
        "agents": {"worker": plain, "other": plain | {"model": "another"}},
        "review": [{"match": {"id": "^WORKS$"}, "by": ["other"]}],
    }
    rows = [row("WORKS"), row("FAILS"), row("REPORT", branch="—")]
    return make(folder, rows, worker=AGENT, config=config), agent


def environment(server: LocalServer, home: Path) -> dict[str, str]:
    """Of a person who has the secrets."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "MISSION_"))
    }
    return {
        **clean,
        **IN_ENVIRONMENT,
        "MISSION_HOME": str(home),
        **login(server),
        "PREFECT_HOME": str(home / "prefect"),
    }


def kept(*folders: Path) -> dict[Path, bytes]:
    """Every file below the folders, but for the work itself: git's objects and worktrees."""
    return {
        path: path.read_bytes()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and not {"worktrees", "objects"} & set(path.relative_to(folder).parts)
    }


def assert_none_in(name: object, content: bytes) -> None:
    for secret in SECRETS:
        assert secret.encode() not in content, f"{secret} is in {name}"


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_api")
def test_no_secret_is_kept_anywhere(tmp_path: Path, prefect_server: LocalServer) -> None:
    scratch, agent = leaky(tmp_path)
    home = tmp_path / "home"
    own = environment(prefect_server, home)
    path = str(scratch.task_file)
    command = [sys.executable, "-m", "cli"]
    run = subprocess.run([*command, "run", path], env=own, capture_output=True, check=False)
    assert_none_in("what the run printed", run.stdout + run.stderr)
    assert scratch.statuses() == {"WORKS": "done", "FAILS": "failed", "REPORT": "done"}
    for asked in (["history", path, "WORKS"], ["history", path, "--json"], ["report", path]):
        shown = subprocess.run([*command, *asked], env=own, capture_output=True, check=True)
        assert_none_in(asked, shown.stdout + shown.stderr)

    # A worker: its errand, its log and its delivery are kept by Prefect.
    errand = Errand(
        mission="plan",
        task="REMOTE",
        attempt=1,
        agent="worker",
        text=f"Do it. {HARMLESS}",
        remote=str(scratch.remote),
        base="main",
        commit=scratch.git.text("rev-parse", "origin/main"),
        branch="feat/remote",
        author="worker via mission-runner",
        settings=agent,
        gates=[],
        forge=ForgeConfig(),
    )
    code = "import json, sys; from flows.attempt import *; carry_out_attempt(json.load(sys.stdin))"
    worker = subprocess.run(
        [sys.executable, "-c", code],
        env=own,
        input=json.dumps(errand.to_json()).encode(),
        capture_output=True,
        check=False,
    )
    assert worker.returncode == 0, worker.stderr.decode()
    assert_none_in("what the worker printed", worker.stdout + worker.stderr)

    state = scratch.top / ".git"
    files = kept(home, prefect_server.folder, state, scratch.task_file.parent)
    for name, content in files.items():
        assert_none_in(name, content)
    told = {name for name, content in files.items() if HARMLESS.encode() in content}
    assert scratch.task_file in told  # the notes
    assert scratch.task_file.parent / "reports" / "REPORT.md" in told
    for suffix in (".sqlite", ".log", "brief.md"):
        assert [name for name in told if name.name.endswith(suffix)], suffix
    assert [name for name in told if name.name.startswith("prefect.db")]
    with get_client(sync_client=True) as client:
        logs = client.read_logs(LogFilter.model_validate({"level": {"ge_": 0}}), limit=200)
        assert any(HARMLESS in one.message for one in logs)
        delivered = ArtifactFilter.model_validate({"type": {"any_": ["delivery"]}})
        artifacts = client.read_artifacts(artifact_filter=delivered)
        assert any(HARMLESS in str(one.data) for one in artifacts)

    commits = scratch.git.text("log", "--all", "--format=%B%an%ae%cn%ce")
    assert_none_in("a commit's message", commits.encode())


@pytest.mark.slow
def test_no_secret_is_in_an_error(tmp_path: Path, prefect_server: LocalServer) -> None:
    scratch, _ = leaky(tmp_path)
    secret = IN_ENVIRONMENT["FORGE_TOKEN"]
    scratch.git.run("remote", "set-url", "origin", f"http://me:{secret}@127.0.0.1:9/{secret}.git")
    run = subprocess.run(
        [sys.executable, "-m", "cli", "run", str(scratch.task_file)],
        env=environment(prefect_server, tmp_path / "home"),
        capture_output=True,
        check=False,
    )
    assert run.returncode == 1
    assert b"127.0.0.1" in run.stdout + run.stderr
    assert_none_in("what the run printed", run.stdout + run.stderr)
    for name, content in kept(tmp_path / "home", prefect_server.folder).items():
        assert_none_in(name, content)
