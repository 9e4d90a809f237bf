"""What `mission run` refuses, it refuses before a server starts or an agent works."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from mission.place import Place
from tasks_md.lock import WriterLock
from tests.command import run
from tests.scratch import Scratch, make, row


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("MISSION_HOME", str(home))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return home


def refused(
    capsys: pytest.CaptureFixture[str], scratch: Scratch, home: Path, *more: str, code: int
) -> str:
    """What `mission run` said; nothing was started, written or journalled for it."""
    before = scratch.task_file.read_bytes()
    said = run(capsys, "run", str(scratch.task_file), *more, code=code)
    assert scratch.task_file.read_bytes() == before
    assert not home.exists()
    assert not Place.find(str(scratch.task_file)).journal_file.exists()
    return said


def test_commits_that_the_remote_has_not(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch = make(tmp_path, [row("A")])
    (scratch.top / "mine.txt").write_text("mine\n")
    scratch.git.run("add", "mine.txt")
    scratch.git.run("-c", "user.name=me", "-c", "user.email=me@x", "commit", "-qm", "mine")
    said = refused(capsys, scratch, home, code=1)
    assert "main has 1 commit that origin has not" in said
    assert f"`git -C {scratch.top} push origin main`" in said


def test_what_another_clone_pushed_for_us_is_no_reason_to_refuse(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")])
    (scratch.top / "mine.txt").write_text("mine\n")
    scratch.git.run("add", "mine.txt")
    scratch.git.run("-c", "user.name=me", "-c", "user.email=me@x", "commit", "-qm", "mine")
    # By its address: git does not note where origin/main is now.
    scratch.git.run("push", "-q", str(scratch.remote), "main")
    assert scratch.run().exit_code == 0


def test_a_repository_without_a_commit(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "made").mkdir()
    made = make(tmp_path / "made", [row("A")])
    top = tmp_path / "fresh"
    scratch = Scratch(top=top, remote=made.remote)
    scratch.task_file.parent.mkdir(parents=True)
    scratch.task_file.write_bytes(made.task_file.read_bytes())
    assert "not in a git repository" in refused(capsys, scratch, home, code=2)
    subprocess.run(["git", "init", "-q", "-b", "main", str(top)], check=True)
    said = refused(capsys, scratch, home, code=1)
    assert "has no commit yet" in said
    assert f"`git -C {top} add plan/TASKS.md && git -C {top} commit -m Plan`" in said


def test_a_base_that_is_not_on_the_remote(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch = make(tmp_path, [row("A")], config={"base": "trunk"})
    said = refused(capsys, scratch, home, code=2)
    assert re.search(r"mission\.yaml:\d+:1: base: there is no branch trunk on origin", said)
    assert "`base` in mission.yaml" in said
    scratch.git.run("branch", "trunk")
    assert f"`git -C {scratch.top} push origin trunk`" in refused(capsys, scratch, home, code=1)


def test_wrong_names_and_wrong_configuration(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch = make(tmp_path, [row("A")])
    assert "no task 'NOPE'" in refused(capsys, scratch, home, "--task", "NOPE", code=2)
    assert "no milestone 'M9'" in refused(capsys, scratch, home, "--milestone", "M9", code=2)
    config = Place.find(str(scratch.task_file)).config_file
    config.write_text("verify: [{name: a, run: make test}]\n")
    assert '"verify[0].run"' in refused(capsys, scratch, home, code=2)


def test_a_mission_that_another_process_holds(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch = make(tmp_path, [row("A")])
    lock = WriterLock(Place.find(str(scratch.task_file)).state_dir)
    lock.acquire()
    try:
        assert "this mission is held by" in refused(capsys, scratch, home, code=1)
    finally:
        lock.release()
