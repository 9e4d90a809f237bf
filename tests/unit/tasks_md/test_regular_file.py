"""What stands where a file is expected, and never ends or never was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from errors import ConfigError, TaskFileError, UsageError
from mission.config import load_config
from mission.place import Place
from mission.plan import read_plan
from tasks_md.parse import read
from tasks_md.writer import StatusWriter
from tests.unit.tasks_md.plans import plan_text, row

pytestmark = pytest.mark.timeout(20)  # what they prove is that nothing waits


def test_a_pipe_is_no_task_file(tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    folder.mkdir()
    pipe = folder / "TASKS.md"
    os.mkfifo(pipe)
    with pytest.raises(TaskFileError, match="cannot be read: it is no regular file"):
        read(pipe)
    for given in (pipe, folder, tmp_path):
        with pytest.raises(UsageError, match=r"neither a file|no regular file|no TASKS.md"):
            Place.find(str(given))


def test_a_pipe_that_took_the_file_s_place_stops_the_writer(tmp_path: Path) -> None:
    file = tmp_path / "TASKS.md"
    file.write_text(plan_text([row("A-1")]))
    with StatusWriter(file, lock_dir=tmp_path / "state") as writer:
        writer.read()
        file.unlink()
        os.mkfifo(file)
        with pytest.raises(TaskFileError, match="no regular file"):
            writer.read()


def test_a_pipe_is_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "TASKS.md").write_text(plan_text([row("A-1")]))
    os.mkfifo(tmp_path / "mission.yaml")
    with pytest.raises(ConfigError, match="no regular file"):
        load_config(tmp_path / "mission.yaml")
    with pytest.raises(ConfigError, match="no regular file"):
        read_plan(Place.find(str(tmp_path)))


@pytest.mark.parametrize("target", ["TASKS.md", "away.md"])
def test_a_link_that_leads_nowhere(tmp_path: Path, target: str) -> None:
    (tmp_path / "TASKS.md").symlink_to(target)
    with pytest.raises(UsageError, match="a link that leads nowhere"):
        Place.find(str(tmp_path))
