"""A remote that cannot be reached for a while, on real sockets: rows wait, and are not blocked."""

from __future__ import annotations

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
