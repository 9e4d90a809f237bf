"""The only writer of a task file."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from errors import RowConflictError, TaskFileError, UsageError, WriterBusyError
from tasks_md.edit import CellChange
from tasks_md.saving import Version
from tasks_md.writer import StatusWriter, holder
from tests.unit.tasks_md.plans import plan_text, row

DONE = CellChange(task="A", column="status", value="done", expect="not-started")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "TASKS.md"
    path.write_text(plan_text([row("A"), row("B")]), encoding="utf-8")
    return path


def writer(path: Path) -> StatusWriter:
    return StatusWriter(path, lock_dir=path.parent / "state")


def test_a_status_is_written(path: Path) -> None:
    with writer(path) as it:
        plan = it.apply([DONE])
    assert plan.task("A").status == "done"
    assert path.read_text(encoding="utf-8") == plan_text([row("A", "done"), row("B")])
    assert {p.name for p in path.parent.iterdir()} == {"TASKS.md", "state"}


def test_what_a_person_wrote_meanwhile_stays(path: Path) -> None:
    with writer(path) as it:
        it.read()
        text = plan_text([row("A"), row("B", notes="mine"), row("C")], after="\nMore.\n")
        path.write_text(text, encoding="utf-8")
        plan = it.apply([DONE])
    assert [task.id for task in plan.tasks] == ["A", "B", "C"]
    assert path.read_text(encoding="utf-8") == text.replace(row("A"), row("A", "done"))


def test_a_person_who_changed_the_row_itself_wins(path: Path) -> None:
    with writer(path) as it:
        it.read()
        text = plan_text([row("A", "blocked"), row("B")])
        path.write_text(text, encoding="utf-8")
        with pytest.raises(RowConflictError):
            it.apply([DONE])
    assert path.read_text(encoding="utf-8") == text


def test_all_changes_or_none(path: Path) -> None:
    before = path.read_bytes()
    other = CellChange(task="B", column="status", value="done", expect="failed")
    with writer(path) as it, pytest.raises(RowConflictError):
        it.apply([DONE, other])
    assert path.read_bytes() == before


def test_nothing_to_change_writes_nothing(path: Path) -> None:
    inode = path.stat().st_ino
    with writer(path) as it:
        it.apply([CellChange(task="A", column="status", value="not-started")])
    assert path.stat().st_ino == inode


def test_another_thread_may_release_the_lock(path: Path) -> None:
    first = writer(path)
    first.acquire()
    thread = threading.Thread(target=first.release)
    thread.start()
    thread.join()
    with writer(path) as it:
        it.apply([DONE])


def test_writing_needs_the_lock(path: Path) -> None:
    with pytest.raises(UsageError):
        writer(path).apply([DONE])


def test_a_second_writer_is_told_who_holds_it(path: Path) -> None:
    with writer(path), pytest.raises(WriterBusyError) as caught:
        writer(path).acquire()
    assert f"process {os.getpid()} on {socket.gethostname()} since 20" in caught.value.message


def test_the_holder_is_known_while_it_holds(path: Path) -> None:
    state = path.parent / "state"
    assert holder(state) is None
    with writer(path):
        who = holder(state)
        assert who is not None
        assert who.pid == os.getpid()
    assert holder(state) is None
    with writer(path):
        pass


def test_the_holder_is_known_without_a_process_where_no_file_tells_of_processes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = path.parent / "state"
    with writer(path):
        monkeypatch.setattr("tasks_md.holder.is_told_by_files", lambda: False)
        monkeypatch.setattr("tasks_md.holder.subprocess", None)
        note = (state / "writer.json").read_bytes()
        who = holder(state)
        assert who is not None
        assert who.pid == os.getpid()
    (state / "writer.json").write_bytes(note)  # as a writer that was killed leaves it
    assert holder(state) is None


def test_a_killed_holder_holds_nothing(path: Path) -> None:
    code = (
        "import sys, os, signal; from pathlib import Path\n"
        "from tasks_md.writer import StatusWriter\n"
        "StatusWriter(Path(sys.argv[1]), lock_dir=Path(sys.argv[2])).acquire()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    state = path.parent / "state"
    subprocess.run([sys.executable, "-c", code, path, state], check=False)
    assert json.loads((state / "writer.json").read_text(encoding="utf-8"))["pid"]
    assert holder(state) is None
    (path.parent / ".TASKS.md.mission-new").write_text("half", encoding="utf-8")
    with writer(path) as it:
        it.apply([DONE])
    assert {p.name for p in path.parent.iterdir()} == {"TASKS.md", "state"}


def test_another_process_with_the_holder_s_pid_holds_nothing(path: Path) -> None:
    state = path.parent / "state"
    with writer(path):
        note = state / "writer.json"
        left = json.loads(note.read_text(encoding="utf-8"))
    left["started"] -= 5  # it was somebody else, who is gone without a word
    note.write_text(json.dumps(left), encoding="utf-8")
    assert holder(state) is None


def test_mode_and_links_stay(path: Path) -> None:
    path.chmod(0o640)
    link = path.parent / "link.md"
    link.symlink_to(path.name)
    with StatusWriter(link, lock_dir=path.parent / "state") as it:
        it.apply([DONE])
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert "| A | done |" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_marks_stay(path: Path, end: str, mark: bytes) -> None:
    data = mark + path.read_text(encoding="utf-8").replace("\n", end).rstrip().encode()
    path.write_bytes(data + b" caf\xe9")
    with writer(path) as it:
        it.apply([DONE])
    expected = data.replace(b"| A | not-started |", b"| A | done |") + b" caf\xe9"
    assert path.read_bytes() == expected


def test_a_file_that_is_gone(path: Path) -> None:
    with writer(path) as it:
        path.unlink()
        with pytest.raises(TaskFileError, match="cannot be read"):
            it.apply([DONE])


def within_a_tick(monkeypatch: pytest.MonkeyPatch, *, keeps: bool = True) -> None:
    """All that happens falls into one tick of the file system's clock, as it does by chance.

    Args:
        keeps: Whether the file system keeps a time that it is given, to the nanosecond.
    """
    tick = time.time_ns() + 3600 * 10**9
    look, utime, given = Version.of, os.utime, set[int]()

    def set_time(
        file: int, times: tuple[float, float] | None = None, *, ns: tuple[int, int] | None = None
    ) -> None:
        if ns is None:
            utime(file, times)
            return
        utime(file, ns=ns)
        given.update(ns if keeps else ())

    def of(file: int) -> Version:
        found = look(file)
        modified = found.modified if found.modified in given else tick
        return replace(found, modified=modified, changed=tick)

    monkeypatch.setattr(os, "utime", set_time)
    monkeypatch.setattr(Version, "of", of)


def in_place(path: Path, data: bytes) -> None:
    """Save as many editors do: the same file, written over."""
    with path.open("r+b") as file:
        file.write(data)


def by_rename(path: Path, data: bytes) -> None:
    """Save as other editors do: a new file."""
    fresh = path.with_name("saving")
    fresh.write_bytes(data)
    fresh.replace(path)


# A person's edit after `DONE`. The edits here are of one length, so the file's size tells nothing.
EDITED = plan_text([row("A", "done"), row("B", "in-progress")]).encode()


def check_both_are_kept(it: StatusWriter) -> None:
    """Set A once more: that and `EDITED` are in the file."""
    plan = it.apply([CellChange(task="A", column="status", value="failed")])
    assert plan.task("B").status == "in-progress"
    expected = plan_text([row("A", "failed"), row("B", "in-progress")])
    assert it.path.read_text(encoding="utf-8") == expected


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("save", [in_place, by_rename])
def test_a_save_right_after_a_write_stays(
    path: Path,
    save: Callable[[Path, bytes], None],
    keeps: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    within_a_tick(monkeypatch, keeps=keeps)
    with writer(path) as it:
        it.apply([DONE])
        save(path, EDITED)
        check_both_are_kept(it)


def once_on_disk(monkeypatch: pytest.MonkeyPatch, person: Callable[[], None]) -> None:
    """Let `person` act as the next new file is on disk, and not yet in the old one's place."""
    fsync = os.fsync

    def after(file: int) -> None:
        fsync(file)
        if stat.S_ISREG(os.fstat(file).st_mode):
            monkeypatch.setattr(os, "fsync", fsync)
            person()

    monkeypatch.setattr(os, "fsync", after)


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("save", [in_place, by_rename])
def test_a_save_while_it_is_written_stays(
    path: Path,
    save: Callable[[Path, bytes], None],
    keeps: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    within_a_tick(monkeypatch, keeps=keeps)
    with writer(path) as it:
        it.apply([DONE])
        once_on_disk(monkeypatch, lambda: save(path, EDITED))
        check_both_are_kept(it)


def test_two_saves_within_a_tick_stay(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is read, and the second looks like it."""
    within_a_tick(monkeypatch)
    first, second = (
        plan_text([row("A"), row("B", status)]).encode()
        for status in ("not-started", "in-progress")
    )
    with writer(path) as it:
        it.apply([DONE])
        in_place(path, first)
        once_on_disk(monkeypatch, lambda: in_place(path, second))
        plan = it.apply([DONE])
    assert plan.task("B").status == "in-progress"


def test_a_file_that_nobody_saved_is_not_read_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writer(path) as it:
        it.apply([DONE])
        monkeypatch.setattr("tasks_md.writer.read_bytes", lambda _: pytest.fail("it was read"))
        plan = it.apply([CellChange(task="B", column="status", value="done")])
    assert [task.status for task in plan.tasks] == ["done", "done"]


def test_a_file_of_many_pieces_is_written_whole(path: Path) -> None:
    """More chunks than one write takes at a time."""
    names = [f"T-{n}" for n in range(3_000)]
    text = plan_text([row(name) for name in names])
    path.write_text(text, encoding="utf-8")
    changes = [CellChange(task=name, column="status", value="done") for name in names[::7]]
    with writer(path) as it:
        it.apply(changes)
    expected = plan_text(
        [row(name, "done" if at % 7 == 0 else "not-started") for at, name in enumerate(names)]
    )
    assert path.read_text(encoding="utf-8") == expected
