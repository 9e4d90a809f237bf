"""Where a mission lives."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from errors import UsageError
from mission.place import Place, mission_home


def _git(folder: Path, *arguments: str) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": "T", f"GIT_{role}_EMAIL": "t@example.invalid"}
    subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True
    )


def _task_file(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "TASKS.md"
    file.write_text("# Plan\n")
    return file


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    top = tmp_path / "repo"
    top.mkdir()
    _git(top, "init", "-q", "-b", "main")
    return top


def test_file_folder_and_current_folder_mean_the_same(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _task_file(repository / "docs")
    monkeypatch.chdir(repository / "docs")
    places = [Place.find(str(file)), Place.find(str(file.parent)), Place.find()]
    assert {place.task_file for place in places} == {file}
    place = places[0]
    assert place.folder == repository / "docs"
    assert place.config_file == repository / "docs" / "mission.yaml"
    assert place.repository == repository
    assert place.common_dir == repository / ".git"
    assert place.path_in_repository == "docs/TASKS.md"
    assert place.state_dir.parent == repository / ".git" / "mission-runner"
    assert place.state_dir.name.startswith("docs-TASKS-")
    assert place.journal_file.parent == place.state_dir


def test_from_elsewhere_in_the_repository_its_only_one_is_found(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _task_file(repository / "plan")
    (repository / "src" / "deep").mkdir(parents=True)
    monkeypatch.chdir(repository / "src" / "deep")
    assert Place.find().task_file == file
    with pytest.raises(UsageError, match="or below"):  # a folder that was named means itself
        Place.find(str(repository / "src"))


def test_the_only_one_below_is_found(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _task_file(repository / "a" / "b")
    _task_file(repository / ".hidden")
    _task_file(repository / "node_modules" / "x")
    monkeypatch.chdir(repository)
    assert Place.find().task_file == file


def test_several_below_are_named(repository: Path) -> None:
    for name in ("a", "b"):
        _task_file(repository / name)
    with pytest.raises(UsageError, match=r"several: a/TASKS\.md, b/TASKS\.md"):
        Place.find(str(repository))


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        Place.find(str(tmp_path / "absent"))
    with pytest.raises(UsageError, match=r"no TASKS\.md in"):
        Place.find(str(tmp_path))


def test_work_trees_share_their_state(repository: Path, tmp_path: Path) -> None:
    _task_file(repository)
    _git(repository, "add", ".")
    _git(repository, "commit", "-q", "-m", "Plan")
    other = tmp_path / "other"
    _git(repository, "worktree", "add", "-q", str(other))
    first, second = Place.find(str(repository)), Place.find(str(other))
    assert second.repository == other
    assert second.state_dir == first.state_dir


def test_a_pointer_of_git_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    _task_file(tmp_path)
    (tmp_path / ".git").write_text("gitdir: elsewhere")
    (tmp_path / "elsewhere").mkdir()
    assert Place.find(str(tmp_path)).common_dir == tmp_path / "elsewhere"
    (tmp_path / ".git").write_bytes(b"gitdir: \xff\n")
    assert Place.find(str(tmp_path)).common_dir == tmp_path / os.fsdecode(b"\xff")


def test_a_submodule_has_its_own_state(repository: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    _git(inner, "init", "-q", "-b", "main")
    _task_file(inner)
    _git(inner, "add", ".")
    _git(inner, "commit", "-q", "-m", "Plan")
    _git(
        repository,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        str(inner),
        "m",
    )
    place = Place.find(str(repository / "m"))
    assert place.repository == repository / "m"
    assert place.common_dir == repository / ".git" / "modules" / "m"


def test_names_that_look_alike_do_not_share_state(repository: Path) -> None:
    one = Place.find(str(_task_file(repository / "a" / "b")))
    two = Place.find(str(_task_file(repository / "a-b")))
    assert one.state_dir != two.state_dir


def test_a_link_leads_to_the_file_itself(repository: Path, tmp_path: Path) -> None:
    file = _task_file(repository)
    link = tmp_path / "link.md"
    link.symlink_to(file)
    assert Place.find(str(link)).task_file == file


def test_without_git_the_state_is_in_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    place = Place.find(str(_task_file(tmp_path / "plain")))
    assert place.repository is None
    assert place.path_in_repository is None
    assert place.state_dir.parent == tmp_path / "home" / "missions"


def test_the_home_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MISSION_HOME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert mission_home() == Path("/state/mission-runner")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert mission_home() == Path.home() / ".local/state/mission-runner"
    monkeypatch.setenv("MISSION_HOME", "/own")
    assert mission_home() == Path("/own")


def test_settings_beside_a_link_to_the_plan_are_not_dropped(repository: Path) -> None:
    plan = _task_file(repository / "docs")
    link = repository / "TASKS.md"
    link.symlink_to("docs/TASKS.md")
    assert Place.find(str(link)).config_file == plan.with_name("mission.yaml")
    beside = repository / "mission.yaml"
    beside.write_text("qa: [{}]\n")
    for given in (link, repository, plan):  # whoever names the plan itself means the same mission
        with pytest.raises(UsageError, match=r"mission\.yaml would not be read") as caught:
            Place.find(str(given))
        assert caught.value.hint == f"Move it to {plan.with_name('mission.yaml')}"
    plan.with_name("mission.yaml").write_text("qa: []\n")
    with pytest.raises(UsageError, match=r"mission\.yaml would not be read"):
        Place.find(str(link))
    beside.unlink()
    beside.symlink_to("docs/mission.yaml")
    assert Place.find(str(link)).config_file.read_text() == "qa: []\n"


def test_each_link_on_the_way_is_looked_beside(tmp_path: Path) -> None:
    plan = _task_file(tmp_path / "plan")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "TASKS.md").symlink_to("../plan/TASKS.md")
    (tmp_path / "TASKS.md").symlink_to("half/TASKS.md")
    assert Place.find(str(tmp_path)).task_file == plan
    (tmp_path / "half" / "mission.yml").write_text("qa: [{}]\n")
    with pytest.raises(UsageError, match=r"half/mission\.yml would not be read"):
        Place.find(str(tmp_path))


def test_a_link_to_the_folder_drops_nothing(tmp_path: Path) -> None:
    plan = _task_file(tmp_path / "plan")
    plan.with_name("mission.yaml").write_text("qa: [{}]\n")
    (tmp_path / "link").symlink_to("plan")
    assert Place.find(str(tmp_path / "link")).config_file.exists()
