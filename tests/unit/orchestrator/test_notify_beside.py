"""Who tells people is looked after, and holds up neither the run nor who began it."""

from __future__ import annotations

import fcntl
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mission.config import parse_config
from mission.journal import Journal
from mission.journal.kinds import Told
from mission.place import Place
from orchestrator.notifying import beside
from orchestrator.notifying.beside import LOG, NotifyBeside
from policy.notifying.troubles import untold

TO = b"notify: {to: [{type: command, name: desk, run: [cat]}]}"
LIVES = """
import os, pathlib, sys
here = pathlib.Path(sys.argv[1])
print(os.getcwd(), os.getsid(0) == os.getpid(), flush=True)
with (here / "began").open("w") as told:
    told.write(str(os.getpid()))
(here / "open").read_text()
"""
SECONDS = 60


class Beside(NotifyBeside):
    """With another program in place of the watcher."""

    words: Sequence[str] = ()

    def _words(self) -> Sequence[str]:
        return self.words


@dataclass(kw_only=True)
class Scene:
    place: Place
    journal: Journal
    folder: Path
    said: list[str] = field(default_factory=list)

    def beside(self, program: str) -> Beside:
        made = Beside(self.place, parse_config(TO).notify, TO, self.journal, say=self.said.append)
        made.words = (sys.executable, "-c", program, str(self.folder))
        return made


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    (tmp_path / "TASKS.md").write_text("# Plan\n")
    for name in ("began", "open"):
        os.mkfifo(tmp_path / name)
    place = Place.find(str(tmp_path / "TASKS.md"))
    place.keep_state()
    with Journal.open(place.journal_file) as journal:
        run = journal.start_run(mission="m", host="here", pid=1, pid_started=0.0)
        yield Scene(place=place, journal=journal.in_run(run), folder=tmp_path)


def test_it_keeps_nothing_of_who_began_it_and_no_end_waits_for_it(scene: Scene) -> None:
    lock = os.open(scene.folder / "cron.lock", os.O_CREAT | os.O_RDWR)
    os.set_inheritable(lock, True)
    fcntl.flock(lock, fcntl.LOCK_EX)

    def run() -> None:
        with scene.beside(LIVES):
            (scene.folder / "began").read_text()

    run_ends = threading.Thread(target=run, daemon=True)
    run_ends.start()
    run_ends.join(SECONDS)
    assert not run_ends.is_alive()
    os.close(lock)
    again = os.open(scene.folder / "cron.lock", os.O_RDWR)
    fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the watcher lives, and does not hold it
    os.close(again)
    assert (scene.place.state_dir / LOG).read_text() == f"{scene.place.state_dir} True\n"
    (scene.folder / "open").write_text("")


def test_one_that_ends_is_begun_again_and_that_it_does_not_live_is_shown(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(beside, "_LONGEST_PAUSE", 0.01)
    tries = "import sys; open(sys.argv[1] + '/tries', 'a').write('x')"
    shown = threading.Event()
    looked_after = scene.beside(tries)

    def say(text: str) -> None:
        scene.said.append(text)
        shown.set()

    monkeypatch.setattr(looked_after, "_say", say)
    with looked_after:
        assert shown.wait(SECONDS)
    assert len((scene.folder / "tries").read_text()) >= 3
    (line,) = scene.said
    assert f"{scene.place.state_dir / LOG} says why" in line
    (one,) = untold(scene.journal.events(Told), ["desk"])
    assert "ends again and again" in one.why


def _then(work: Callable[[], bool], told: Callable[[], None]) -> Callable[[], bool]:
    def both() -> bool:
        found = work()
        told()
        return found

    return both


def test_the_end_is_told_though_it_died_before(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "_FIRST_PAUSE", 3600.0)
    monkeypatch.setattr(beside, "_LOOK_EVERY", 0.01)
    died = threading.Event()
    looked_after = scene.beside("import sys; open(sys.argv[1] + '/began', 'w').write('x')")
    monkeypatch.setattr(looked_after, "_has_gone_on", _then(looked_after._has_gone_on, died.set))
    with looked_after:
        assert (scene.folder / "began").read_text() == "x"
        assert died.wait(SECONDS)
    assert (scene.folder / "began").read_text() == "x"  # a second one, for the end
