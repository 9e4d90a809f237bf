"""Folders that are used again carry nothing from who was there before, whatever the disk tells."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CANNOT_EXIST
from tests.integration.workspace.conftest import Scratch, git
from workspace.worktrees import Worktrees

_MEMORY = Path("/dev/shm")  # noqa: S108 - folders with names of their own are made in it


def _scratch(folder: Path) -> Scratch:
    made = Scratch(folder=folder, top=folder / "checkout", remote=None)
    git(folder, "init", "--quiet", "--initial-branch=main", str(made.top))
    made.commit({".gitignore": "cache/\n", "a/one.txt": "one\n", "a/two.txt": "two\n"})
    return made


class Used:
    """Folders that one after another has."""

    def __init__(self, folder: Path, *, full: bool) -> None:
        self.scratch = _scratch(folder)
        self.worktrees = Worktrees(self.scratch.repository, folder / "worktrees", pooled=True)
        self._full = full
        self._number = 0

    def begin(self) -> Path:
        """A folder for the next one."""
        self._number += 1
        base = self.scratch.git("rev-parse", "main")
        self._now = self.worktrees.ensure(
            "row", self._number, branch=None, base_commit=base, full=self._full
        )
        return self._now.path

    def end(self) -> None:
        """Who has the folder is through with it."""
        self.worktrees.remove(self._now)


@pytest.fixture(params=["disk", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """On each kind of file system that there is."""
    if request.param == "disk":
        yield tmp_path
        return
    if not os.access(_MEMORY, os.W_OK):
        pytest.skip(f"{CANNOT_EXIST}there is no folder in memory")
    with tempfile.TemporaryDirectory(dir=_MEMORY) as made:
        yield Path(made).resolve()


def _write_through_memory(file: Path) -> None:
    """Where a file is in memory, who has read it there writes to it, and no time tells of it."""
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as memory:
        assert memory[:3] == b"one"
        memory[:3] = b"EVI"


@pytest.mark.parametrize("full", [False, True], ids=["to work in", "to vouch"])
def test_what_was_written_through_memory_goes(
    folder: Path, full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where git wrote the file a while before it had written all of them.
    monkeypatch.setattr("workspace.sifting._TICK", 0)
    used = Used(folder, full=full)
    file = used.begin() / "a/one.txt"
    _write_through_memory(file)
    assert file.read_text() == "EVI\n"
    used.end()
    assert (used.begin() / "a/one.txt").read_text() == "one\n"


def test_settings_that_the_settings_include_are_settings(tmp_path: Path) -> None:
    """By other ones, git would have written other files."""
    used = Used(tmp_path, full=True)
    included = tmp_path / "included"
    included.write_text("[core]\n\tautocrlf = false\n")
    used.scratch.git("config", "include.path", str(included))
    used.begin()
    used.end()
    included.write_text("[core]\n\tautocrlf = true\n")
    assert (used.begin() / "a/one.txt").read_bytes() == b"one\r\n"
    used.end()
    attributes = tmp_path / "attributes"
    attributes.write_text("*.txt -text\n")
    included.write_text(f"[core]\n\tautocrlf = true\n\tattributesFile = {attributes}\n")
    assert (used.begin() / "a/one.txt").read_bytes() == b"one\n"
    used.end()
    attributes.write_text("*.txt text eol=crlf\n")
    assert (used.begin() / "a/one.txt").read_bytes() == b"one\r\n"


@pytest.mark.parametrize("name", ["ignoreStat", "untrackedCache", "splitIndex"])
def test_no_setting_has_git_take_a_missing_file_for_there(tmp_path: Path, name: str) -> None:
    used = Used(tmp_path, full=True)
    used.scratch.git("config", f"core.{name}", "true")
    folder = used.begin()
    (folder / "a/one.txt").write_text("EVI\n")
    used.end()
    assert (used.begin() / "a/one.txt").read_text() == "one\n"


@pytest.mark.skipif(os.getuid() == 0, reason=f"{CANNOT_EXIST}no folder is closed to root")
@pytest.mark.parametrize("what", [".", ".git", ".git/inner", "a", "cache"])
def test_a_folder_that_is_closed_keeps_nobody_out(tmp_path: Path, what: str) -> None:
    used = Used(tmp_path, full=False)
    first = used.begin()
    if what.startswith(".git"):
        (first / ".git").unlink()
    (first / what).mkdir(parents=True, exist_ok=True)
    (first / what / "left").touch()
    (first / what).chmod(0o500 if what == "." else 0)
    used.end()
    assert not first.exists()
    second = used.begin()
    assert sorted(one.name for one in second.rglob("*")) == sorted(
        [".git", ".gitignore", "a", "one.txt", "two.txt"]
    )
    used.end()
    used.worktrees.clear_pool()
    assert not [one for one in (tmp_path / "worktrees").iterdir() if one.name != ".pool"]
