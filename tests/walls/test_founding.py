"""`mission init` in a repository that somebody hostile has filled: names and texts stay that."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from errors import UsageError
from mission.config import load_config
from mission.place import CONFIG_FILE, TASK_FILE
from service.founding import Choice, begin, look_around
from tests.integration.workspace.conftest import git

EVIL = "verify: [{name: evil, run: [touch, evil]}]"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(folder))
    return folder


def found(folder: Path, **environment: str) -> dict[str, object]:
    """What the settings say that are written for a folder."""
    ground = look_around(folder, {"PATH": "", **environment}, folder)
    choice = Choice(
        name=folder.name,
        base=ground.facts.base,
        tests=ground.tests.commands if ground.tests is not None else (),
        agent="sonnet",
    )
    begin(ground, choice)
    load_config(folder / CONFIG_FILE)
    said = yaml.safe_load((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    assert isinstance(said, dict)
    return said


NAMES = (
    f"a\n{EVIL}\n#",
    f"a\r{EVIL}\r#",
    f"a\u2028{EVIL}\u2028#",
    f"a\x85{EVIL}\x85#",
    "a\x7f\x80\x1b]0;b\x07",
    "'; touch evil; '$(touch evil)`touch evil`",
    '"]\nevil: "',
    "\ufeff",
)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("there", [False, True], ids=["not to be run", "to be run"])
def test_the_name_of_a_folder_is_no_setting(top: Path, name: str, there: bool) -> None:
    """Where tests cannot be run, a comment says of which program: here one in the folder."""
    folder = top / name
    folder.mkdir()
    (folder / "pom.xml").touch()
    (folder / "mvnw").touch(0o755 if there else 0o644)
    said = found(folder)
    assert set(said) <= {"base", "max_parallel", "routing", "verify"}
    if there:
        assert isinstance(said["verify"], list)
        (step,) = said["verify"]
        assert step["run"][0] == f"./{name}/mvnw"
    else:
        assert "verify" not in said


def test_a_folder_that_seems_to_be_an_option_is_a_folder(top: Path) -> None:
    folder = top / "-pevil"
    folder.mkdir()
    (folder / "test_it.py").touch()
    (folder / "pytest.ini").touch()
    (top / "python3").touch(0o755)
    said = found(folder, PATH=str(top))
    assert isinstance(said["verify"], list)
    assert said["verify"][-1]["run"] == ["python3", "-m", "pytest", "./-pevil"]


def test_a_name_that_no_text_can_hold_is_refused_before_anything_is_written(top: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(top) + b"/\xff"))
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("cannot exist here: this disk takes names in UTF-8 alone")
    (folder / "Makefile").write_text("test:\n")
    (top / "make").touch(0o755)
    with pytest.raises(UsageError, match="UTF-8"):
        found(folder, PATH=str(top))
    assert [one.name for one in folder.iterdir()] == ["Makefile"]


def test_what_a_package_says_is_not_taken_over(top: Path) -> None:
    scripts = {"test": "$(touch evil); touch evil", "test\n": EVIL}
    (top / "package.json").write_text(json.dumps({"name": f"\n{EVIL}", "scripts": scripts}))
    (top / "npm").touch(0o755)
    said = found(top, PATH=str(top))
    assert said["verify"] == [
        {"name": "prepare 1", "run": ["npm", "install"]},
        {"name": "tests", "run": ["npm", "run", "test"]},
    ]


def test_links_pipes_and_depth_write_nowhere_and_wait_for_nobody(top: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (top / TASK_FILE).symlink_to(outside)
    os.mkfifo(top / "Makefile")
    (top / "justfile").symlink_to("/dev/zero")
    (top / "package.json").write_text('{"scripts": ' * 100_000)
    (top / "pyproject.toml").write_text("a = " + "[" * 100_000)
    (top / "tests").symlink_to(tmp_path)
    found(top)
    assert not outside.exists()
    assert (top / TASK_FILE).is_symlink()
