"""Folders and files for one user's eyes alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from errors import UsageError
from mission.private import private_folder, put_private, read_private
from tests.conftest import CANNOT_EXIST

as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason=f"{CANNOT_EXIST}only root can give files away"
)
STRANGER = 12345  # a user id


@pytest.fixture(autouse=True)
def generous() -> object:
    """A umask that takes no right away."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_is_made_or_closed(tmp_path: Path) -> None:
    new, old = tmp_path / "a" / "new", tmp_path / "old"
    old.mkdir(mode=0o777)
    for folder in (new, old):
        private_folder(folder)
        assert mode(folder) == 0o700


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to("elsewhere")
    with pytest.raises(UsageError, match="no folder of this user's own"):
        private_folder(tmp_path / "link")
    assert mode(tmp_path / "elsewhere") == 0o755


@as_root
def test_the_folder_and_the_file_of_somebody_else_are_not_trusted(tmp_path: Path) -> None:
    folder, file = tmp_path / "folder", tmp_path / "file"
    folder.mkdir()
    put_private(file, "planted", replace=False)
    for path in (folder, file):
        os.chown(path, STRANGER, STRANGER)
    with pytest.raises(UsageError, match=f"uid {STRANGER}"):
        private_folder(folder)
    assert read_private(file) is None


def test_a_file_is_written_at_once_and_for_the_owner(tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert read_private(file) is None
    put_private(file, "first", replace=False)
    put_private(file, "second", replace=False)
    assert read_private(file) == "first"
    put_private(file, "third", replace=True)
    assert read_private(file) == "third"
    assert mode(file) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_others_could_have_read_is_not_private(tmp_path: Path) -> None:
    file = tmp_path / "file"
    put_private(file, "seen", replace=False)
    file.chmod(0o640)
    assert read_private(file) is None
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert read_private(tmp_path / "pipe") is None
