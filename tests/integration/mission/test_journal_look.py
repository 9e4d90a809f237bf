"""A look at a journal changes nothing, whoever looks, and whatever is done to it meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from errors import JournalError
from mission.journal import Journal
from mission.journal.kinds import Other
from mission.journal.look import look

_NOTE = Other(kind="note")

FILES = """
import pathlib
for file in sorted(pathlib.Path().iterdir()):
    print(file, file.stat().st_mtime_ns, file.read_bytes())
"""

# Leaves a journal as a killed run does: with its write-ahead log.
KILLED = """
import os, signal, sys
from pathlib import Path
from mission.journal import Journal
from mission.journal.kinds import Other

Journal.open(Path(sys.argv[1])).record(Other(kind="note"))
os.kill(os.getpid(), signal.SIGKILL)
"""

# As root nothing is read-only, so the child becomes somebody else first.
SOMEBODY = """
import os, sys
from pathlib import Path
from mission.journal.look import look

if os.geteuid() == 0:
    os.setgroups([])
    os.setuid(65534)
print(look(Path(sys.argv[1]), lambda journal: len(journal.events())))
"""


@pytest.fixture
def path() -> Iterator[Path]:
    """In a folder that another user can reach; pytest's own ones cannot be."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "state"
        folder.mkdir()
        folder.parent.chmod(0o755)
        yield folder / "journal.sqlite"


def events(path: Path) -> int:
    return look(path, lambda journal: len(journal.events()))


def files(path: Path) -> str:
    """All files beside it, with a digest of each. By another process: who closes a file lets go
    of all locks that its process has on it."""
    told = subprocess.run(
        [sys.executable, "-S", "-c", FILES],
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout


def names(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir())


def somebody(path: Path) -> subprocess.CompletedProcess[str]:
    """What another user sees who was given the right to read: of itself the journal is closed."""
    path.parent.chmod(0o755)
    for file in path.parent.iterdir():
        file.chmod(0o644)
    return child(SOMEBODY, path)


def child(script: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )


def test_a_journal_at_rest_stays_as_it_is(path: Path) -> None:
    with Journal.open(path) as journal:
        journal.record(_NOTE)
    before = files(path)
    assert names(path) == [path.name, f"{path.name}.reserve"]
    assert events(path) == 1
    assert files(path) == before


def test_a_run_at_work_is_seen_and_not_touched(path: Path) -> None:
    with Journal.open(path) as journal:
        for written in range(1, 4):
            journal.record(_NOTE)
            before = files(path)
            assert somebody(path).stdout == f"{written}\n"
            assert files(path) == before
            assert events(path) == written


def test_what_a_killed_run_left_is_read_and_stays(path: Path) -> None:
    assert child(KILLED, path).returncode == -signal.SIGKILL
    before = files(path)
    assert f"{path.name}-wal" in names(path)
    assert events(path) == 1
    assert files(path) == before


@pytest.mark.parametrize("left", ["rest", "killed", "at work"])
def test_who_may_only_read_may_look(path: Path, left: str) -> None:
    if left == "killed":
        child(KILLED, path)
        told = somebody(path)
    elif left == "rest":
        with Journal.open(path) as journal:
            journal.record(_NOTE)
        told = somebody(path)
    else:
        with Journal.open(path) as journal:
            journal.record(_NOTE)
            told = somebody(path)
    assert told.stdout == "1\n", told.stderr


def test_a_journal_that_is_not_there_reads_as_empty_and_is_not_made(path: Path) -> None:
    assert events(path) == 0
    assert names(path) == []


def test_who_changes_it_under_a_look_is_seen_by_the_next(path: Path) -> None:
    with Journal.open(path) as journal:
        journal.record(_NOTE)
    looks: list[int] = []

    def take(journal: Journal) -> int:
        if not looks:  # somebody opens it, writes and folds it together again
            with Journal.open(path) as writer:
                writer.record(_NOTE)
        looks.append(len(journal.events()))
        return looks[-1]

    assert look(path, take) == 2
    assert len(looks) == 2


# Opens it, writes and closes it, again and again: it rests, is at work, and is folded together.
RESTLESS = """
import sys
from pathlib import Path
from mission.journal import Journal
from mission.journal.kinds import Other

for number in range(300):
    with Journal.open(Path(sys.argv[1])) as journal:
        with journal.together():
            for _ in range(number % 7 + 1):
                journal.record(Other(kind="note", data={"text": "x" * 500}))
print("written")
"""


def test_looks_beside_somebody_who_comes_and_goes_are_whole_and_never_go_back(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RESTLESS, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        seen = [0]
        while writer.poll() is None:
            numbers = look(path, lambda journal: [one.id for one in journal.events()])
            assert numbers == list(range(1, len(numbers) + 1))
            assert len(numbers) >= seen[-1]
            seen.append(len(numbers))
        assert writer.stdout is not None
        assert writer.stdout.read() == "written\n"
    assert events(path) == sum(number % 7 + 1 for number in range(300))
    assert len(set(seen)) > 10


def test_all_of_a_look_is_of_one_moment(path: Path) -> None:
    with Journal.open(path) as writer:
        writer.record(_NOTE)

        def take(journal: Journal) -> tuple[int, int]:
            first = len(journal.events())
            writer.record(_NOTE)
            return first, len(journal.events())

        assert look(path, take) == (1, 1)


def test_what_is_no_journal_is_refused(path: Path) -> None:
    path.write_text("not a database, but long enough to look like one\n" * 50)
    with pytest.raises(JournalError, match="not a database"):
        events(path)
