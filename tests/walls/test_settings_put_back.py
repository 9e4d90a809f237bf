"""A person's git settings are after a run what they were, whatever an agent did by their path."""

from __future__ import annotations

import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from errors import GitError, SettingsChangedError
from tests.integration.workspace.conftest import git
from tests.scratch import START, make, row
from workspace.git import Git
from workspace.putting_back import kept, put_back
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


@pytest.mark.parametrize("there", [True, False])
def test_what_a_person_has_git_ignore_stays_ignored(tmp_path: Path, there: bool) -> None:
    """Nothing else was changed, and where there was nothing, there is nothing."""
    gone = "it = home + '/info/exclude'\nif os.path.exists(it): os.unlink(it)\n"
    worker = START + FINDS + gone + "write(task + '.txt', 'work')"
    scratch = make(tmp_path, [row("A")], worker=worker)
    exclude = scratch.top / ".git/info/exclude"
    if there:
        exclude.parent.mkdir(exist_ok=True)
        exclude.write_text("notes.txt\n")
    assert scratch.run().exit_code == 0
    assert exclude.exists() == there
    if there:
        assert exclude.read_text() == "notes.txt\n"


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


def _opened(folder: Path, *, hook: str = "") -> Repository:
    git(folder, "init", "--quiet", "--initial-branch=main", "checkout")
    git(folder / "checkout", "commit", "--quiet", "--allow-empty", "-m", "start")
    if hook:
        (folder / "tool").write_text("mine")
        (folder / "checkout/.git/hooks").mkdir(exist_ok=True)
        (folder / "checkout/.git/hooks/pre-push").symlink_to(hook)
    return Repository.open(folder / "checkout")


def _changed(repository: Repository) -> str:
    with (
        repository.settings.others.at_work(),
        pytest.raises(SettingsChangedError) as refused,
    ):
        repository.settings.check()
    return f"{refused.value} {refused.value.hint}"


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
    (aside,) = (repository.common_dir / "mission-runner/settings-put-back").iterdir()
    assert "Bot" not in (aside / ".git-config.original").read_text()


@pytest.mark.parametrize("became", ["same", "file", "elsewhere", "gone"])
def test_a_hook_that_is_a_link_is_the_same_link(tmp_path: Path, became: str) -> None:
    repository = _opened(tmp_path, hook="../../../tool")
    hook = repository.common_dir / "hooks/pre-push"
    git(repository.top, "config", "user.name", "Bot")
    if became != "same":
        hook.unlink()
    if became == "file":
        hook.write_text("evil")
    elif became == "elsewhere":
        hook.symlink_to("/nowhere")
    assert "they are put back" in _changed(repository)
    assert hook.readlink() == Path("../../../tool")
    assert hook.read_text() == "mine"
    repository.settings.check()


def test_what_a_link_leads_to_is_not_written(tmp_path: Path) -> None:
    """It is named, and what it was is kept; the rest is put back."""
    repository = _opened(tmp_path, hook="../../../tool")
    (tmp_path / "tool").write_text("another")
    (repository.common_dir / "hooks/commit-msg").write_text("evil")
    git(repository.top, "config", "core.sshCommand", "evil")
    assert "pre-push is a link to ../../../tool, which was changed" in _changed(repository)
    assert (tmp_path / "tool").read_text() == "another"
    assert (repository.common_dir / "hooks/pre-push").is_symlink()
    assert not (repository.common_dir / "hooks/commit-msg").exists()
    assert "sshcommand" not in git(repository.top, "config", "--list")
    (aside,) = (repository.common_dir / "mission-runner/settings-put-back").iterdir()
    assert (aside / "hooks-pre-push.original").read_text() == "mine"


@pytest.mark.parametrize("replaced", [False, True])
def test_settings_behind_a_link_are_set_there(tmp_path: Path, replaced: bool) -> None:
    file = _opened(tmp_path).common_dir / "config"
    file.rename(tmp_path / "settings")
    file.symlink_to("../../settings")
    repository = Repository.open(tmp_path / "checkout")
    if replaced:
        file.unlink()
        shutil.copyfile(tmp_path / "settings", file)
    git(repository.top, "config", "core.sshCommand", "evil")
    assert "they are put back" in _changed(repository)
    assert file.readlink() == Path("../../settings")
    assert "evil" not in (tmp_path / "settings").read_text()


@pytest.mark.parametrize("instead", ["nothing", "file", "link"])
def test_a_folder_of_hooks_that_was_removed_is_there_again(tmp_path: Path, instead: str) -> None:
    repository = _opened(tmp_path)
    folder = repository.common_dir / "info"
    (folder / "attributes").write_text("*.bin binary\n")
    repository = Repository.open(repository.top)
    exclude = (folder / "exclude").read_bytes()
    shutil.rmtree(folder)
    if instead == "file":
        folder.write_text("")
    elif instead == "link":
        folder.symlink_to(tmp_path)
    said = _changed(repository)
    if instead == "link":
        assert "info is a link" in said
        (folder,) = (repository.common_dir / "mission-runner/settings-put-back").iterdir()
        assert (folder / "info-attributes.original").read_text() == "*.bin binary\n"
        return
    assert "they are put back" in said
    assert (folder / "attributes").read_text() == "*.bin binary\n"
    assert (folder / "exclude").read_bytes() == exclude


def test_a_file_that_cannot_be_written_leaves_no_lock(tmp_path: Path) -> None:
    folder = tmp_path / "hooks"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / name).write_text(name)
    before = kept([*folder.iterdir()])
    (folder / "two").unlink()
    (folder / "one.lock").mkdir()
    (folder / "one").write_text("evil")
    with pytest.raises(GitError, match=r"one\.lock"):
        put_back(before, dict.fromkeys(before, ()), tmp_path / "aside")
    assert (folder / "two").read_text() == "two"
    assert not (folder / "two.lock").exists()


def test_no_setting_is_without_a_value_while_it_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """We may be killed between any two commands."""
    repository = _opened(tmp_path)
    for value in ("one", "two"):
        git(repository.top, "config", "--add", "remote.origin.url", value)
    repository = Repository.open(repository.top)
    git(repository.top, "config", "--replace-all", "remote.origin.url", "evil")
    seen: list[str] = []
    run = Git.run

    def watched(self: Git, *args: str, **options: object) -> object:
        answer = run(self, *args, **options)  # type: ignore[arg-type]
        seen.append(git(repository.top, "config", "--get-all", "remote.origin.url"))
        return answer

    file = repository.common_dir / "config"
    changed = {file: ["remote.origin.url"]}
    monkeypatch.setattr(Git, "run", watched)
    put_back(repository.settings.files, changed, tmp_path / "aside")
    assert "" not in seen
    assert seen[-1] == "one\ntwo"


def test_threads_put_back_once(tmp_path: Path) -> None:
    repository = _opened(tmp_path)
    git(repository.top, "config", "credential.helper", "evil")
    with repository.settings.others.at_work(), ThreadPoolExecutor(4) as pool:
        found = [pool.submit(repository.settings.check) for _ in range(4)]
        errors = [error for one in found if (error := one.exception()) is not None]
    assert [isinstance(error, SettingsChangedError) for error in errors] == [True]
    assert len([*(repository.common_dir / "mission-runner/settings-put-back").iterdir()]) == 1
