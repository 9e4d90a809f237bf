"""The space of the file that was replaced is freed behind the writer's back."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tasks_md.saving import NewFile, version_at


def _replaced(path: Path, content: bytes) -> None:
    like = version_at(path)
    assert like is not None
    with NewFile(path.with_name("new"), [content], like=like) as fresh:
        fresh.replace(path)


def _settle() -> None:
    for thread in set(threading.enumerate()) - {threading.current_thread()}:
        thread.join()


def _open_inodes() -> set[tuple[int, int]]:
    found = set()
    for entry in Path("/dev/fd").iterdir():
        try:
            status = os.fstat(int(entry.name))
        except OSError:  # the listing's own
            continue
        found.add((status.st_dev, status.st_ino))
    return found


def test_a_file_that_was_replaced_is_not_kept_open(tmp_path: Path) -> None:
    path = tmp_path / "TASKS.md"
    path.write_bytes(b"old")
    old = version_at(path)
    _replaced(path, b"new")
    _settle()
    assert path.read_bytes() == b"new"
    assert old is not None
    assert old.file not in _open_inodes()


def test_it_is_not_kept_open_where_no_thread_can_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    path = tmp_path / "TASKS.md"
    path.write_bytes(b"old")
    old = version_at(path)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    _replaced(path, b"new")
    assert path.read_bytes() == b"new"
    assert old is not None
    assert old.file not in _open_inodes()
