"""The one place of a process where a standing is made: what wakes it, and who shares it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from errors import TaskFileError
from gates.pause import PauseFiles
from mission.journal import Journal
from mission.journal.kinds import Other
from mission.place import Place
from service.builder import Standings
from tasks_md.writer import StatusWriter
from workspace.process import Stop

TASKS = """\
## Milestone 1 — First (A)

| id  | status      | description | agent |
| --- | ----------- | ----------- | ----- |
| A-1 | not-started | One         | haiku |
"""

# Holds the mission until it is killed, as a run does.
HOLDS = """
import sys, time
from pathlib import Path
from mission.journal import Journal
from mission.place import Place
from tasks_md.writer import StatusWriter
from workspace.alive import started
import os
place = Place.find(sys.argv[1])
StatusWriter(place.task_file, lock_dir=place.state_dir).acquire()
journal = Journal.open(place.journal_file)
journal.start_run(mission="M", host=os.uname().nodename, pid=os.getpid(), pid_started=1.0)
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    (tmp_path / "TASKS.md").write_text(TASKS)
    return Place.find(str(tmp_path))


@pytest.fixture
def held(place: Place) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(place.task_file)], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield child
        child.kill()


def note(journal: Journal, number: int = 0) -> int:
    return journal.record(Other(kind="note", data={"n": number}))


def test_the_revision_grows_when_something_has_changed_and_only_then(place: Place) -> None:
    standings = Standings(place)
    first = standings.current()
    assert first.revision == 1
    assert standings.current() == first
    place.task_file.write_text(TASKS.replace("One", "Two"))
    assert standings.current().revision == 2
    os.utime(place.task_file)  # written again, as it was
    assert standings.current().revision == 2
    with Journal.open(place.journal_file) as journal:
        number = note(journal)
        second = standings.current()
        assert (second.revision, second.event) == (3, number)
    pauses = PauseFiles.of(state_dir=place.state_dir, folder=place.folder)
    pauses.write(by="ann", reason="release")
    assert standings.current().paused is not None
    pauses.remove()
    assert standings.current().paused is None
    with StatusWriter(place.task_file, lock_dir=place.state_dir):
        run = standings.current().run
        assert run is not None
        assert run.pid == os.getpid()
    assert standings.current().run is None
    assert standings.current().revision == 7
    assert first.revision == 1


def test_a_log_that_grows_is_a_sign_though_the_journal_rests(place: Place) -> None:
    standings, log = Standings(place), place.folder / "A-1-1.log"
    with Journal.open(place.journal_file) as journal:
        run = journal.start_run(mission="M", host="h", pid=os.getpid(), pid_started=1.0)
        journal.start_attempt(
            run=run, task="A-1", agent="haiku", branch="a", base_commit=None, worktree=None,
            log=str(log), route="",
        )  # fmt: skip
        for file in (place.task_file, *place.state_dir.glob("journal*")):
            os.utime(file, (1_000_000_000, 1_000_000_000))  # nothing else is new
        for at in (2_000_000_000, 2_000_000_001):
            before = standings.current()
            log.write_text("works\n")
            os.utime(log, (at, at))
            after = standings.current()
            (one,) = after.attempts
            assert one.last_output is not None
            assert one.last_output.timestamp() == at
            assert after.revision == before.revision + 1
            assert standings.current() == after


def test_what_is_written_in_the_same_instant_as_a_look_is_in_the_next(place: Place) -> None:
    standings = Standings(place)
    with Journal.open(place.journal_file) as journal:
        for number in range(200):
            assert standings.current().event == note(journal, number) - 1
    assert standings.current().event == 200
    for number in range(100):
        place.task_file.write_text(TASKS.replace("One", f"{number:03}"))
        (view,) = standings.current().overview.tasks
        assert view.task.description == f"{number:03}"


def test_a_run_that_is_killed_is_seen_though_it_changes_no_file(
    place: Place, held: subprocess.Popen[str]
) -> None:
    standings = Standings(place)
    before = standings.current()
    assert before.run is not None
    assert (before.run.alive, before.run.pid) == (True, held.pid)
    assert before.stale_since is None
    held.send_signal(signal.SIGKILL)
    held.wait()
    after = standings.current()
    assert after.revision == before.revision + 1
    assert after.run is not None
    assert (after.run.alive, after.run.ended) == (False, None)
    assert after.stale_since == after.run.last_sign


def test_everybody_who_waits_is_told_of_each_change_by_one_who_looks(place: Place) -> None:
    standings, stop = Standings(place), Stop()
    seen: list[list[int]] = [[] for _ in range(8)]

    def watch(own: list[int]) -> None:
        for standing in standings.follow(over=stop.wait):
            own.append(standing.revision)
            events.append(standing.event)
            if standing.event == 20:
                return

    events: list[int] = []
    watchers = [threading.Thread(target=watch, args=(own,)) for own in seen]
    for watcher in watchers:
        watcher.start()
    with Journal.open(place.journal_file) as journal:
        for number in range(20):
            note(journal, number)
            standings.current()
        for watcher in watchers:
            watcher.join()
    assert all(a < b for own in seen for a, b in pairwise(own))
    last = standings.current().revision
    assert all(own[-1] == last for own in seen)


def test_who_waits_stops_on_request(place: Place) -> None:
    standings, stop = Standings(place), Stop()
    stop.request("enough")
    assert standings.after(0, over=stop.wait) is not None
    assert standings.after(1, over=stop.wait) is None


def test_a_file_that_cannot_be_read_is_said_and_is_read_again(place: Place) -> None:
    standings = Standings(place)
    standings.current()
    place.task_file.unlink()
    for _ in range(2):
        with pytest.raises(TaskFileError):
            standings.current()
    place.task_file.write_text(TASKS)
    assert standings.current().revision == 1


# As root nothing is read-only, so the child becomes somebody else first.
SOMEBODY = """
import os, sys
from cli.status_page import status_page
from mission.place import Place
from service.builder import Standings
from service.follow import follow
from service.story import read_story

if os.geteuid() == 0:
    os.setgroups([])
    os.setuid(65534)
place = Place.find(sys.argv[1])
standing = Standings.shared(place).current()
print(standing.event, standing.run.alive, len(list(follow(place, over=lambda seconds: True))))
status_page(standing)
"""


@pytest.mark.parametrize("at_work", [True, False])
def test_who_may_only_read_sees_the_same(at_work: bool) -> None:
    with tempfile.TemporaryDirectory() as name:  # others can reach it; pytest's they cannot
        folder = Path(name)
        folder.chmod(0o755)
        (folder / ".git").mkdir()
        (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        (folder / "TASKS.md").write_text(TASKS)
        place = Place.find(name)
        with (
            StatusWriter(place.task_file, lock_dir=place.state_dir),
            Journal.open(place.journal_file) as journal,
        ):
            journal.start_run(mission="M", host="h", pid=os.getpid(), pid_started=1.0)
            note(journal)
            told = somebody(folder) if at_work else ""
        told = told or somebody(folder)
    assert told == f"1 {at_work} 1\n"


def somebody(folder: Path) -> str:
    """What another user sees who was given the right to read: of itself the state is closed."""
    for found in (folder / ".git").rglob("*"):
        found.chmod(0o755 if found.is_dir() else 0o644)
    told = subprocess.run(
        [sys.executable, "-c", SOMEBODY, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return told.stdout or told.stderr


def test_a_process_has_one_for_each_mission(place: Place) -> None:
    assert Standings.shared(place) is Standings.shared(Place.find(str(place.folder)))
