"""The demo as a person runs it: `mission demo`, in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mission.journal import Journal
from mission.journal.kinds import EvidenceFound
from mission.place import Place
from tasks_md.parse import read

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "missions" / "federation-v1" / "TASKS.md"
# The file that the shipped one follows; beside the checkout where the two were handed over.
ORIGINAL = ROOT.parent / "shared" / "missions" / "federation-v1" / "TASKS.md"

# Another team's file: Windows line ends, other columns, a code task, a fork in the graph.
OTHER = """\
# Plan

> **Mission:** other
> **Status values:** `not-started` | `in-progress` | `done` | `blocked` | `failed` | `needs-qa`
> **Agent values:** `codex` | `gemini` | `—` (auto)

## Milestone 1 — Start (ONE)

| id | title of it | status | deps | agent | branch | description | notes |
|---|---|---|---|---|---|---|---|
| A | kept | done | | codex | feat/a | The ground | |
| B | kept | not-started | A | gemini | feat/b | Build on it; `$(touch x)` | mind the \\| sign |
| C | kept | not-started | A | — | feat/c | Write `docs/c.md` | |
| D | kept | not-started | B, C | — | (aggregate) | Close | |
""".replace("\n", "\r\n")


def _demo(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "cli", "demo", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def _merged(remote: Path) -> list[str]:
    """The ids in the `Task:` trailers of main that name an attempt, oldest first."""
    log = _git(remote, "log", "--reverse", "--format=%B%x00", "main").split("\0")
    return [
        found[1]
        for message in log
        if "\nAttempt: " in message
        and (found := re.search(r"^Task: (\S+)$", message, re.MULTILINE))
    ]


def _statuses(file: Path) -> dict[str, str]:
    return {task.id: task.status for task in read(file).tasks}


@pytest.mark.slow
def test_a_plan_of_ones_own_is_carried_out_and_left_as_it_was(tmp_path: Path) -> None:
    """The original where it is there. Each demo has a Prefect server of its own, from nothing."""
    folder, plan = tmp_path / "demo", tmp_path / "TASKS.md"
    before = (ORIGINAL if ORIGINAL.exists() else SHIPPED).read_bytes()
    plan.write_bytes(before)
    done = _demo("--plan", plan, "--folder", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The agent was a script" in done.stdout
    assert plan.read_bytes() == before
    task_file = folder / "checkout" / "missions" / "federation-v1" / "TASKS.md"
    assert set(_statuses(task_file).values()) == {"done"}
    after = task_file.read_bytes().split(b"\n")
    assert all(line in after for line in before.split(b"\n") if b"| not-started |" not in line)
    assert _merged(folder / "remote.git") == ["FED-M1-11"]
    changed = _git(folder / "remote.git", "ls-tree", "-r", "--name-only", "main").splitlines()
    assert "docs/federation/fed-m1-11.md" in changed
    assert _git(folder / "checkout", "status", "--porcelain") == ""
    published = _git(folder / "remote.git", "show", "main:missions/federation-v1/TASKS.md")
    assert published.encode() == task_file.read_bytes()
    assert _no_process_is_left(folder)


@pytest.mark.slow
@pytest.mark.soak
def test_another_teams_file(tmp_path: Path) -> None:
    plan = tmp_path / "PLAN.md"
    plan.write_bytes(OTHER.encode())
    done = _demo("--plan", plan, "--folder", tmp_path / "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    task_file = tmp_path / "demo" / "checkout" / "missions" / "federation-v1" / "TASKS.md"
    assert _statuses(task_file) == dict.fromkeys("ABCD", "done")
    assert sorted(_merged(tmp_path / "demo" / "remote.git")) == ["B", "C"]
    assert plan.read_bytes() == OTHER.encode()
    assert b"\r\n" in task_file.read_bytes()
    assert re.search(rb"[^\r]\n", task_file.read_bytes()) is None


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    done = _demo("--folder", tmp_path)
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_plan_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = _demo("--plan", tmp_path / "TASKS.md")
    assert done.returncode == 2
    assert "TASKS.md" in done.stderr


def test_a_plan_without_an_open_row_is_refused(tmp_path: Path) -> None:
    plan = tmp_path / "TASKS.md"
    plan.write_text(OTHER.replace("not-started |", "done |"), encoding="utf-8")
    done = _demo("--plan", plan)
    assert done.returncode == 1
    assert "no open row" in done.stderr


@pytest.mark.slow
def test_the_shipped_mission_from_scratch(services_folder: Path) -> None:
    folder = services_folder / "demo"
    done = _demo("--from-scratch", "--folder", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The agent was a script" in done.stdout
    assert "mission demo --plan YOUR.md" in done.stdout
    assert done.stdout.index("12 of 12 tasks done") < done.stdout.index("The agent was a script")
    task_file = folder / "checkout" / "missions" / "federation-v1" / "TASKS.md"
    plan = read(task_file)
    assert {task.status for task in plan.tasks} == {"done"}
    assert _merged(folder / "remote.git") == ["FED-M1-01", "FED-M1-11"]
    found = {task.id: task.notes for task in plan.tasks}
    for number, evidence in {
        2: "postgres-federated at 127.0.0.1:",
        3: "a distance query answers 1.0",
        4: "federated: Postgres 1",  # 17, or what embedded servers of this Python have
        5: "609 rows in 6 tables from",
        6: "8 checks",
        7: "refuses without Postgres; vector",
        8: "compared value by value",
        9: "none of the federated tier",
    }.items():
        assert evidence in found[f"FED-M1-0{number}"]
    assert "3 of 3 rows done" in found["FED-M1-09"]
    with Journal.open_to_read(Place.find(str(task_file)).journal_file) as journal:
        events = journal.events(EvidenceFound, task="FED-M1-09")
        standalone = {event.what.check: event.what.found for event in events}
    assert "none of the federated tier" in standalone["import graph of `mission run`"]
    assert standalone["schema"] == "no extension and no column of vectors"
    assert _no_process_is_left(folder)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_what_the_demo_started_ends_with_it(services_folder: Path, number: signal.Signals) -> None:
    """Cut off while its services run: the pipe of standard error is closed once all are gone."""
    home = services_folder / number.name
    home.mkdir()
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "cli", "demo", "--from-scratch"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(home)},
        start_new_session=True,  # a terminal's Ctrl-C reaches the whole group, and not this test
    ) as demo:
        assert demo.stderr is not None
        told = next(line for line in demo.stderr if "FED-M1-02: done" in line)
        ports = [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", told)]
        assert [_answers(port) for port in ports] == [True, True]
        if number is signal.SIGKILL:
            demo.kill()
        else:
            os.killpg(demo.pid, number)
        rest = demo.stderr.read()
    assert demo.returncode == (130 if number is signal.SIGINT else -number), rest
    assert [_answers(port) for port in ports] == [False, False]
    assert _no_process_is_left(home)
    if number is signal.SIGKILL:
        assert list(home.glob("mission-demo-*")) == []


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _no_process_is_left(folder: Path) -> bool:
    """No process works below `folder` or was given a path there: every server and child ended."""
    if not Path("/proc").is_dir():
        return True
    for process in Path("/proc").glob("[0-9]*"):
        try:
            here = (process / "cwd").readlink()
            arguments = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if here.is_relative_to(folder) or os.fsencode(folder) in arguments:
            return False
    return True
