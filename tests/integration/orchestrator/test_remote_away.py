"""A remote that cannot be reached for a while, on real sockets: rows wait, and are not blocked."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from cli.status_page import status_page
from mission.journal.kinds import StatusSet
from mission.place import Place
from orchestrator.ports.display import RecordingDisplay
from policy.backoff import Backoff
from service.builder import Standings
from tests.scratch import Scratch, make, row
from workspace.away import Away
from workspace.git_environment import program
from workspace.process import Stop

pytestmark = pytest.mark.timeout(120)


class Daemon:
    """A git server on this machine, which can be away."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"git://127.0.0.1:{self._port}/remote.git"

    def start(self) -> None:
        """It answers when this returns."""
        if self._process is not None:
            return
        self._process = subprocess.Popen(
            [
                *("git", "daemon", "--export-all", "--enable=receive-pack", "--reuseaddr"),
                *(f"--base-path={self._folder}", "--listen=127.0.0.1", f"--port={self._port}"),
            ],
            stderr=subprocess.DEVNULL,
        )
        while True:
            with suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self._port)).close()
                return

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    monkeypatch.setattr("workspace.away.PAUSES", Backoff(first=timedelta(milliseconds=50)))
    daemon = Daemon(tmp_path)
    yield daemon
    daemon.stop()


class Acting(RecordingDisplay):
    """Does something as soon as something is said."""

    def __init__(self, *acts: tuple[str, Callable[[], None]]) -> None:
        super().__init__()
        self._acts = acts

    def say(self, text: str) -> None:
        super().say(text)
        for words, act in self._acts:
            if words in text:
                act()

    def doing(self, task: str, phase: str, detail: str = "") -> None:
        super().doing(task, phase, detail)
        self.say(f"{task}: {phase}")


def served(folder: Path, daemon: Daemon, **config: object) -> Scratch:
    agent = {"type": "command", "run": ["python3", str(folder / "worker.py")]}
    agents = {"agents": {"worker": agent}}
    scratch = make(folder, [row(name) for name in "ABC"], config={**agents, **config})
    scratch.git.run("remote", "set-url", "origin", daemon.url)
    daemon.start()
    return scratch


def blocked(scratch: Scratch) -> list[str | None]:
    with scratch.journal() as journal:
        return [one.task for one in journal.events(StatusSet) if one.what.new == "blocked"]


def test_rows_wait_for_a_remote_that_is_away(tmp_path: Path, daemon: Daemon) -> None:
    scratch = served(tmp_path, daemon)
    pages: list[str] = []

    def look_and_start() -> None:
        pages.append(status_page(Standings(Place.find(str(scratch.task_file))).current()))
        daemon.start()

    display = Acting(("A: done", daemon.stop), ("cannot be reached", look_and_start))
    assert scratch.run(slots=1, display=display).exit_code == 0
    assert scratch.merged() == ["A", "B", "C"]
    assert blocked(scratch) == []
    assert any("can be reached again" in said for said in display.said)
    assert "the remote cannot be reached" in pages[0]
    page = status_page(Standings(Place.find(str(scratch.task_file))).current())
    assert "the remote" not in page


def test_a_run_that_waited_long_enough_leaves_its_rows_as_they_were(
    tmp_path: Path, daemon: Daemon
) -> None:
    scratch = served(tmp_path, daemon, patience="0.5s")
    end = scratch.run(slots=1, display=Acting(("B: prepares", daemon.stop)))
    assert end.exit_code == 1
    assert "the remote could not be reached for 0.5s" in end.stopped
    assert scratch.statuses() == {"A": "done", "B": "not-started", "C": "not-started"}
    daemon.start()
    assert scratch.run().exit_code == 0
    assert sorted(scratch.merged()) == ["A", "B", "C"]
    assert blocked(scratch) == []


# Stands before git: the first two of each command that asks the remote meet with this.
HICCUPS = {
    "killed": "kill -9 $$",
    "lock": "echo error: cannot lock ref: Unable to create x.lock: File exists >&2; exit 1",
    "unwell": "echo ' ! [remote rejected] a -> a (unpacker error)' >&2; exit 1",
}


@pytest.mark.parametrize("kind", HICCUPS)
def test_fetches_and_pushes_that_meet_a_hiccup_block_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("workspace.away.PAUSES", Backoff(first=timedelta(milliseconds=5)))
    folder = tmp_path / "bin"
    folder.mkdir()
    shim = f"""#!/bin/sh
for word in "$@"; do case "$word" in fetch|push|ls-remote)
    for turn in 1 2; do
        mkdir "{folder}/$word-$turn" 2>/dev/null && {{ {HICCUPS[kind]}; }}
    done;;
esac; done
exec {shutil.which("git")} "$@"
"""
    (folder / "git").write_text(shim)
    (folder / "git").chmod(0o755)
    scratch = make(tmp_path, [row("A")])
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    program.cache_clear()
    try:
        end = scratch.run()
    finally:
        monkeypatch.undo()
        program.cache_clear()
    assert (end.exit_code, scratch.merged()) == (0, ["A"])
    assert {"fetch-2", "push-2", "ls-remote-2"} <= {path.name for path in folder.iterdir()}
    with scratch.journal() as journal:
        assert len(journal.attempts("A")) == 1


@pytest.mark.parametrize(
    "said",
    [
        "error: cannot lock ref 'refs/heads/main': is at 1f2e but expected 3d4c",
        " ! [remote rejected] main -> main (pre-receive hook declined)",
        " ! [rejected] main -> main (stale info)",
    ],
)
def test_what_does_not_pass_is_not_waited_for(said: str) -> None:
    away = Away(patience=timedelta(hours=1), stop=Stop(), tell=lambda text, away: None)
    assert not away.is_away(said)
    assert not away.is_hiccup(1, said, 0)
