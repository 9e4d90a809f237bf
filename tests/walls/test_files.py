"""What the runner keeps, and who else on the machine may open it."""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from errors import UsageError
from mission.place import Place, mission_home
from tests.conftest import CANNOT_EXIST, requires
from tests.scratch import Scratch, make, row

as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason=f"{CANNOT_EXIST}only root can become another user"
)
STRANGER = 12345  # a user id
NO_SECRET = {"clone"}  # what says which clone this is; the folder around it is closed all the same


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that everybody may enter, with the runner's home, and a umask that takes no right
    away."""
    with tempfile.TemporaryDirectory(prefix="mission-walls-") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setenv("MISSION_HOME", str(Path(folder, "home")))
        before = os.umask(0)
        yield Path(folder)
        os.umask(before)


def kept(scratch: Scratch) -> Iterator[Path]:
    """Everything of ours: not what git and others have in a worktree, and in a lent repository."""
    state = Place.find(str(scratch.task_file)).state_dir.parent
    folders = [state, mission_home() / "worktrees"]
    while folders:
        folder = folders.pop()
        yield folder
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                if folder.name != "lent" and not (path / ".git").exists():
                    folders.append(path)
            else:
                yield path


@requires("setpriv")
def test_what_is_kept_is_for_its_owner_alone(place: Path) -> None:
    """One row that merged, and one whose worktree and logs stay."""
    agent = 'import os; print("so"); os.environ["MISSION_TASK"] == "B" or open("A.txt", "w")'
    scratch = make(place, [row("A"), row("B")], worker=agent)
    scratch.run()
    assert scratch.statuses() == {"A": "done", "B": "failed"}
    found = list(kept(scratch))
    assert {
        "journal.sqlite",
        "writer.lock",
        "git.lock",
        "brief.md",
        "gitconfig",
        "logs",
        ".B-1.lock",
    } <= {path.name for path in found}
    for path in found:
        status = path.lstat()
        if not stat.S_ISLNK(status.st_mode) and path.name not in NO_SECRET:
            wanted = 0o700 if path.is_dir() else 0o600
            assert (oct(stat.S_IMODE(status.st_mode)), str(path)) == (oct(wanted), str(path))
    assert stat.S_IMODE(mission_home().stat().st_mode) & 0o022 == 0
    if os.geteuid() == 0:
        other = ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups"]
        state = str(Place.find(str(scratch.task_file)).state_dir.parent)
        assert subprocess.run([*other, "ls", str(scratch.top)], check=True, capture_output=True)
        for folder in (state, str(mission_home() / "worktrees"), str(mission_home())):
            assert subprocess.run(
                [*other, "ls", folder], check=False, capture_output=True
            ).returncode


@as_root
@pytest.mark.parametrize("where", ["state", "mission", "worktrees"])
def test_a_folder_of_somebody_else_is_not_used(place: Path, where: str) -> None:
    """Who has made it could read, and put in its place, whatever we write there."""
    scratch = make(place, [row("A")])
    state = Place.find(str(scratch.task_file)).state_dir
    folder = {
        "state": state.parent,
        "mission": state,
        "worktrees": mission_home() / "worktrees",
    }[where]
    folder.mkdir(parents=True)
    os.chown(folder, STRANGER, STRANGER)
    with pytest.raises(UsageError, match=f"uid {STRANGER}"):
        scratch.run()
    assert scratch.statuses() == {"A": "not-started"}


def test_a_link_in_place_of_a_folder_is_not_followed(place: Path) -> None:
    scratch = make(place, [row("A")])
    (place / "elsewhere").mkdir(mode=0o755)
    Place.find(str(scratch.task_file)).state_dir.parent.symlink_to(place / "elsewhere")
    with pytest.raises(UsageError, match="no folder of this user's own"):
        scratch.run()
    assert list((place / "elsewhere").iterdir()) == []
