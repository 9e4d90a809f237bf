"""A person's git settings are after a run what they were, whatever an agent did by their path."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from errors import SettingsChangedError
from tests.integration.workspace.conftest import git
from tests.scratch import START, make, row
from workspace.repository import Repository

# Its own repository borrows the objects of the person's: so it finds that.
FINDS = (
    "lent = git('rev-parse', '--absolute-git-dir')\n"
    "borrowed = open(os.path.join(lent, 'objects/info/alternates')).read().strip()\n"
    "home = os.path.dirname(borrowed)\n"
    "def sets(*words): git('config', '--file', home + '/config', *words)\n"
)
CHANGES = (
    "sets('user.name', 'Bot')\n"
    "sets('--add', 'credential.helper', '!evil')\n"
    "sets('core.bare', 'true')\n"
    "sets('remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*')\n"
    "os.makedirs(home + '/hooks', exist_ok=True)\n"
    "open(home + '/hooks/post-commit', 'w').write('evil')\n"
    "os.unlink(home + '/info/attributes')\n"
)


@pytest.mark.parametrize("remote", ["origin", "none"])
def test_what_an_agent_changed_is_put_back(tmp_path: Path, remote: str) -> None:
    worker = START + FINDS + CHANGES + "write(task + '.txt', 'work')"
    scratch = make(tmp_path, [row("A")], worker=worker, config={"remote": remote})
    home = scratch.top / ".git"
    for name, value in (("user.name", "A Person"), ("credential.helper", "one")):
        git(scratch.top, "config", name, value)
    git(scratch.top, "config", "--add", "credential.helper", "two")
    (home / "info").mkdir(exist_ok=True)
    (home / "info/attributes").write_text("*.bin binary\n")
    before = git(scratch.top, "config", "--local", "--list")
    scratch.run()
    after = git(scratch.top, "config", "--local", "--list")
    assert sorted(set(after.split("\n")) - set(before.split("\n"))) == []
    assert git(scratch.top, "config", "--get-all", "credential.helper") == "one\ntwo"
    assert git(scratch.top, "config", "user.name") == "A Person"
    assert not (home / "hooks/post-commit").exists()
    assert (home / "info/attributes").read_text() == "*.bin binary\n"
    (aside,) = (home / "mission-runner/settings-put-back").iterdir()
    assert "!evil" in git(tmp_path, "config", "--file", f"{aside}/.git-config", "--list")
    assert (aside / "hooks-post-commit").read_text() == "evil"
    assert {stat.S_IMODE(one.stat().st_mode) for one in aside.iterdir()} == {0o600}


def _opened(folder: Path) -> Repository:
    git(folder, "init", "--quiet", "--initial-branch=main", "checkout")
    git(folder / "checkout", "commit", "--quiet", "--allow-empty", "-m", "start")
    return Repository.open(folder / "checkout")


def test_what_a_person_changes_while_nobody_else_works_is_named_alone(tmp_path: Path) -> None:
    repository = _opened(tmp_path)
    with repository.settings.others.at_work():
        pass
    repository.settings.check()  # and they were as they were after that
    git(repository.top, "config", "user.name", "Me")
    with pytest.raises(SettingsChangedError, match=r"user\.name") as refused:
        repository.settings.check()
    assert "put back" not in str(refused.value)
    assert git(repository.top, "config", "user.name") == "Me"


@pytest.mark.parametrize("made", ["[core\n", "folder", "link", "gone", "pipe"])
def test_a_file_of_settings_that_git_cannot_read_is_as_it_was(tmp_path: Path, made: str) -> None:
    repository = _opened(tmp_path)
    file = repository.common_dir / "config"
    before = file.read_bytes()
    with repository.settings.others.at_work():
        file.unlink()
        if made == "folder":
            file.mkdir()
        elif made == "link":
            (tmp_path / "elsewhere").write_text("[user]\n\tname = Bot\n")
            file.symlink_to(tmp_path / "elsewhere")
        elif made == "pipe":
            os.mkfifo(file)
        elif made != "gone":
            file.write_text(made)
        with pytest.raises(SettingsChangedError, match="they are put back"):
            repository.settings.check()
    assert file.read_bytes() == before
    assert not file.is_symlink()
    repository.settings.check()


def test_where_git_has_its_lock_the_settings_are_named_and_stay(tmp_path: Path) -> None:
    repository = _opened(tmp_path)
    with repository.settings.others.at_work():
        git(repository.top, "config", "user.name", "Bot")
        (repository.common_dir / "config.lock").touch()
        with pytest.raises(SettingsChangedError, match="cannot be put back"):
            repository.settings.check()
    assert git(repository.top, "config", "user.name") == "Bot"
