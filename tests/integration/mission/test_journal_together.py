"""The journal under several threads and processes at once, and on disks that refuse."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from errors import JournalError
from mission.journal import Journal, Step
from mission.journal.kinds import Other

THREADS = 8
ROUNDS = 40

# One process: eight threads, each taking its turns at tasks that all of them share.
WRITER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from mission.journal import End, Journal, Step
from mission.journal.kinds import Other

path, threads, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
sys.stdin.readline()  # both processes start at the same moment
with Journal.open(path) as journal:
    run = journal.start_run(mission="M", host="h", pid=1, pid_started=1.0)

    def work(thread: int) -> None:
        for turn in range(rounds):
            attempt = journal.start_attempt(
                run=run, task=f"T-{turn % 5}", agent="a", branch=None, base_commit=None,
                worktree=None, log=None, route="",
            )
            journal.advance_attempt(attempt.id, Step.ANSWERED, head=str(thread))
            note = Other(kind="note", data={"thread": thread})
            journal.record(note, run=run, task=attempt.task, attempt=attempt.id)
            ended = journal.end_attempt(attempt.id, End.SUCCESS, input_tokens=1)
            assert (ended.number, ended.head) == (attempt.number, str(thread))

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, thread) for thread in range(threads)]:
            done.result()
"""


def test_eight_threads_in_two_processes_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state" / "journal.sqlite"
    command = [sys.executable, "-c", WRITER, str(path), str(THREADS), str(ROUNDS)]
    writers = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(2)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.close()
    assert [writer.wait(timeout=300) for writer in writers] == [0, 0]
    with Journal.open(path) as journal:
        attempts = journal.attempts()
        expected = 2 * THREADS * ROUNDS
        assert len(attempts) == expected
        assert len(journal.events()) == expected
        assert journal.spent().tokens == expected
        for task, count in Counter(attempt.task for attempt in attempts).items():
            numbers = [attempt.number for attempt in attempts if attempt.task == task]
            assert sorted(numbers) == list(range(1, count + 1))
        assert journal.open_attempts() == []


def test_opening_for_the_first_time_from_many_threads(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    def open_and_write(_: int) -> int:
        with Journal.open(path) as journal:
            return journal.record(Other(kind="note"))

    with ThreadPoolExecutor(16) as pool:
        numbers = list(pool.map(open_and_write, range(64)))
    assert sorted(numbers) == list(range(1, 65))


def test_a_full_disk_is_said_and_loses_nothing_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    before, after = (Other(kind="note", data={"text": text}) for text in ("before", "after"))
    with Journal.open(path) as journal:
        kept = journal.record(before)
        pages = journal._database.rows("PRAGMA page_count")[0][0]
        journal._database.rows(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(JournalError, match="full") as caught:
            journal.record(Other(kind="note", data={"text": "x" * 100_000}))
        assert caught.value.hint.startswith("Make room there")
        assert journal.full is not None
        journal._database.rows("PRAGMA max_page_count = 100000")
        journal.record(after)
    with Journal.open_to_read(path) as journal:
        assert [event.what for event in journal.events()] == [before, after]
        assert journal.events()[0].id == kept


def test_a_process_that_writes_for_too_long_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mission.journal.connection._BUSY_SECONDS", 0.05)
    path = tmp_path / "journal.sqlite"
    with Journal.open(path) as journal:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="locked") as caught:
            journal.record(Other(kind="note"))
        other.execute("ROLLBACK")
        other.close()
        assert "Another process" in caught.value.hint
        journal.record(Other(kind="note"))


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that another user can reach; pytest's own ones cannot be."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


# As root nothing is read-only, so the child becomes somebody else first.
READER = """
import os, sys
from pathlib import Path
from errors import JournalError
from mission.journal import Journal
from mission.journal.kinds import Other

if os.geteuid() == 0:
    os.setuid(65534)
with Journal.open_to_read(Path(sys.argv[1])) as journal:
    print("read", len(journal.events()))
for path in (Path(sys.argv[1]), Path(sys.argv[1]).parent / "new" / "journal.sqlite"):
    try:
        Journal.open(path).record(Other(kind="note"))
    except JournalError as error:
        print("refused", error.hint)
"""


def test_a_folder_that_is_read_only_can_be_read_and_refuses_in_words(shared_folder: Path) -> None:
    path = shared_folder / "state" / "journal.sqlite"
    with Journal.open(path) as journal:
        journal.record(Other(kind="note"))
    path.chmod(0o444)
    path.parent.chmod(0o555)
    told = subprocess.run(
        [sys.executable, "-c", READER, str(path)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    path.parent.chmod(0o755)
    read, existing, new = told.stdout.splitlines()
    assert read == "read 1"
    then = "then `mission run` carries on, nothing is lost"
    assert existing == f"refused Check that this user may write there; {then}"
    assert new == "refused Check that this user may write there"


def test_a_reader_is_not_kept_out_by_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal.open(path) as writer, Journal.open_to_read(path) as reader:
        run = writer.start_run(mission="M", host="h", pid=1, pid_started=1.0)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert [one.id for one in reader.runs()] == [run]
        other.execute("ROLLBACK")
        other.close()
        writer.advance_attempt(_attempt(writer, run), Step.ANSWERED)
        assert reader.attempts()[0].step is Step.ANSWERED


def _attempt(journal: Journal, run: int) -> int:
    attempt = journal.start_attempt(
        run=run,
        task="T",
        agent="a",
        branch=None,
        base_commit=None,
        worktree=None,
        log=None,
        route="",
    )
    return attempt.id
