"""Git settings that were changed under the runner keep it from its remote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from errors import SettingsChangedError
from workspace.branches import push_branch

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch, Scratch


@pytest.fixture
def scratch(make_scratch: MakeScratch) -> Scratch:
    return make_scratch()


@pytest.mark.parametrize(
    "name",
    [
        "core.alternateRefsCommand",
        "core.bare",
        "core.hooksPath",
        "core.sshCommand",
        "core.worktree",
        "credential.helper",
        "credential.https://example.org.helper",
        "diff.any.textconv",
        "extensions.partialClone",
        "filter.any.process",
        "http.proxy",
        "include.path",
        "includeIf.gitdir:/x/.path",
        "merge.any.driver",
        "remote.origin.pushurl",
        "remote.origin.uploadpack",
        "some.thingThatGitDoesNotHaveYet",
        "submodule.vendor/lib.url",
        "url./elsewhere/.insteadOf",
        "user.email",
    ],
)
def test_what_names_programs_or_places(scratch: Scratch, name: str) -> None:
    repository = scratch.repository
    tip = repository.fetch_base()
    config = scratch.top / ".git" / "config"
    before = config.read_bytes()
    scratch.git("config", name, "secret-value")
    for reaching in (repository.fetch_base, lambda: push_branch(repository, "feat/a", tip)):
        with pytest.raises(SettingsChangedError) as refused:
            reaching()
        assert name.casefold() in str(refused.value).casefold()
        assert "secret-value" not in str(refused.value)
    config.write_bytes(before)
    assert repository.fetch_base() == tip


def test_a_second_value_of_a_setting(scratch: Scratch) -> None:
    scratch.git("config", "credential.helper", "one")
    repository = scratch.repository
    scratch.git("config", "--add", "credential.helper", "two")
    with pytest.raises(SettingsChangedError):
        repository.fetch_base()


def test_settings_that_people_change_meanwhile(scratch: Scratch) -> None:
    repository = scratch.repository
    tip = repository.fetch_base()
    scratch.git("switch", "--quiet", "--create", "mine", "--track", "origin/main")
    (scratch.top / ".git" / "info").mkdir(exist_ok=True)
    (scratch.top / ".git" / "info" / "exclude").write_text("mine.txt\n")
    scratch.git("config", "remote.origin.gh-resolved", "base")
    scratch.git("config", "submodule.vendor/lib.active", "true")
    scratch.git("config", "diff.algorithm", "histogram")
    scratch.git("config", "merge.conflictStyle", "diff3")
    scratch.git("remote", "add", "second", "/elsewhere")
    assert repository.fetch_base() == tip


@pytest.mark.parametrize("name", ["hooks/post-checkout", "info/attributes"])
def test_files_beside_the_settings(scratch: Scratch, name: str) -> None:
    repository = scratch.repository
    file = scratch.top / ".git" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("changed")
    with pytest.raises(SettingsChangedError, match=name):
        repository.fetch_base()
