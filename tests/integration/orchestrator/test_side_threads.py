"""A run goes on, or stops, when a thread beside it dies. It never waits for what will not come."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from watchfiles import Change

from orchestrator.merging.candidates import Candidates, Tried
from orchestrator.ports.display import Progress, RecordingDisplay
from orchestrator.workplace.verifying import FinishedWork
from tests.conftest import CANNOT_EXIST
from tests.integration.orchestrator.together import VERIFY, WORKER, Marking
from tests.scratch import Scratch, make, row

Changes = set[tuple[Change, str]]


class Asleep(RecordingDisplay):
    """Sees that the loop has looked at the rows, and is about to sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.slept = threading.Event()

    def progress(self, progress: Progress) -> None:
        super().progress(progress)
        self.slept.set()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.loop.watch.LOOKS", 0.05)
    monkeypatch.setattr("orchestrator.loop.watch._ROUND", 50)


def _paused(tmp_path: Path) -> tuple[Scratch, Path]:
    scratch = make(tmp_path, [row("A"), row("B", status="failed")], shared=False)
    paused = scratch.task_file.parent / "PAUSED"
    paused.touch()
    return scratch, paused


def _resolves(scratch: Scratch, paused: Path, display: Asleep) -> list[str]:
    """What is told by a paused run that a person leaves a request and then lets go on."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(scratch.run, display=display)
        display.slept.wait()
        with scratch.journal() as journal:
            journal.submit_request("retry", "B", by="person")
        paused.unlink()
        assert running.result().exit_code == 0
    assert scratch.statuses() == {"A": "done", "B": "done"}
    return [line for line in display.said if "looked for every" in line]


def test_a_paused_run_wakes_though_its_watcher_is_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_folders: Path, **_options: Any) -> Iterator[Changes]:
        raise RuntimeError("a bug of the watcher")

    monkeypatch.setattr("orchestrator.loop.watch.watch", dies)
    scratch, paused = _paused(tmp_path)
    (told,) = _resolves(scratch, paused, Asleep())
    assert told.startswith("Changes of the task file, pauses and requests are looked for every")
    assert told.endswith("the file system tells of none (RuntimeError: a bug of the watcher)")


def test_one_that_dies_later_is_missed_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    display = Asleep()

    def dies(*_folders: Path, **options: Any) -> Iterator[Changes]:
        options["stop_event"].is_set()
        display.slept.wait()
        yield set()
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("orchestrator.loop.watch.watch", dies)
    scratch, paused = _paused(tmp_path)
    (told,) = _resolves(scratch, paused, display)
    assert "inotify watch limit reached" in told


def test_edits_are_seen_in_a_folder_that_was_replaced(tmp_path: Path) -> None:
    scratch, paused = _paused(tmp_path)
    display = Asleep()
    folder = scratch.task_file.parent
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(scratch.run, display=display)
        display.slept.wait()
        aside = folder.with_name("aside")
        folder.rename(aside)  # as a checkout of another branch and back does
        folder.mkdir()
        for file in aside.iterdir():
            file.rename(folder / file.name)
        aside.rmdir()
        with scratch.journal() as journal:
            journal.submit_request("retry", "B", by="person")
        paused.unlink()
        assert running.result().exit_code == 0
    assert scratch.statuses() == {"A": "done", "B": "done"}


def test_a_watcher_that_cannot_even_look_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(_watch: object) -> None:
        raise LookupError("a bug of the looks")

    monkeypatch.setattr("orchestrator.loop.watch.watch", bug)
    monkeypatch.setattr("orchestrator.loop.watch.Watch._look_until_over", bug)
    scratch, _ = _paused(tmp_path)
    end = scratch.run()
    assert end.exit_code == 1
    assert "nobody watches the files any more: LookupError: a bug of the looks" in end.stopped


def test_without_a_publisher_status_is_committed_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(self: Any) -> None:
        self._changed.wait()
        raise LookupError("a bug of the publisher")

    monkeypatch.setattr("orchestrator.publishing.status.Publisher._work", dies)
    scratch = make(tmp_path, [row("A")], config={"status": {"commit": "each"}})
    display = RecordingDisplay()
    assert scratch.run(display=display).exit_code == 0
    (told,) = [line for line in display.said if "bug of the publisher" in line]
    assert told.startswith("status is committed at the end of the run only, not after each change")
    committed = scratch.git.text("show", "origin/main:plan/TASKS.md")
    assert "| A | done |" in committed


def test_a_copy_to_the_storage_that_dies_is_said_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(_copy: object) -> None:
        raise LookupError("a bug of the copy")

    monkeypatch.setattr("orchestrator.publishing.storage.StorageCopy._wanted", lambda _: True)
    monkeypatch.setattr("orchestrator.publishing.storage.StorageCopy._copy_until_over", bug)
    scratch, display = make(tmp_path, [row("A")], shared=False), RecordingDisplay()
    assert scratch.run(display=display).exit_code == 0
    assert [line for line in display.said if "storage" in line] == [
        "The storage is not kept up to date any more: LookupError: a bug of the copy",
        (
            "The storage lacks the last events: LookupError: a bug of the copy"
            " (`mission tier sync` copies them)"
        ),
    ]


@pytest.mark.parametrize("death", ["a bug", "no thread"])
def test_what_was_not_verified_ahead_is_verified_in_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, death: str
) -> None:
    def bug(candidates: Candidates, base: str, rows: Sequence[FinishedWork]) -> Tried:
        if threading.current_thread().name == "verifies ahead":
            raise LookupError("a bug")
        return in_turn(candidates, base, rows)

    def no_thread(thread: threading.Thread) -> None:
        if thread.name == "verifies ahead":
            raise RuntimeError("can't start new thread")
        start(thread)

    start, in_turn = threading.Thread.start, Candidates.try_candidate
    if death == "a bug":
        monkeypatch.setattr(Candidates, "try_candidate", bug)
    else:
        monkeypatch.setattr(threading.Thread, "start", no_thread)
    names = ("A", "B", "C")
    marks, script = tmp_path / "marks", tmp_path / "verify.py"
    marks.mkdir()
    script.write_text(VERIFY.format(marks=str(marks), together=3, bad=(), flaky=False))
    step = {"name": "whole", "run": [sys.executable, "-S", str(script)], "on": ["merged"]}
    scratch = make(
        tmp_path,
        [row(name) for name in names],
        worker=WORKER.format(marks=str(marks), first="A", same=()),
        config={"verify": [step]},
        shared=False,
    )
    display = Marking(marks)
    assert scratch.run(slots=3, display=display).exit_code == 0
    assert sorted(scratch.merged()) == list(names)
    told = [line for line in display.said if line.startswith("Nothing is verified ahead this time")]
    assert told


@cache
def _own_limits() -> bool:
    """Whether this user may have a namespace with limits of its own."""
    try:
        made = subprocess.run(["unshare", "-Ur", "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return made.returncode == 0


RUNS = """
import sys
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from workspace.process import Stop
class Shown(RecordingDisplay):
    def say(self, text):
        print(text, flush=True)
with ThreadEngine(2) as engine:
    end = run_mission(RunRequest(path=sys.argv[1], max_parallel=2), engine, Shown(), Stop())
sys.exit(end.exit_code)
"""


@pytest.mark.skipif(not _own_limits(), reason=f"{CANNOT_EXIST}no namespace of one's own here")
def test_a_paused_run_wakes_on_a_machine_without_inotify(tmp_path: Path) -> None:
    scratch, paused = _paused(tmp_path)
    limit = 'echo 0 >/proc/sys/user/max_inotify_instances && exec "$@"'
    running = subprocess.Popen(
        ["unshare", "-Ur", "sh", "-c", limit, "sh", sys.executable, "-c", RUNS, scratch.task_file],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with running:
        assert running.stdout is not None
        told = next(line for line in running.stdout if "looked for every" in line)
        assert "Too many open files" in told
        with scratch.journal() as journal:
            journal.submit_request("retry", "B", by="person")
        paused.unlink()
        rest = running.stdout.read()
    assert running.returncode == 0, rest
    assert "looked for every" not in rest
    assert scratch.statuses() == {"A": "done", "B": "done"}
