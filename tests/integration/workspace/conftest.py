"""Scratch repositories: a checkout, a bare remote where asked, a person who commits."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from workspace.repository import Repository
from workspace.worktrees import Worktrees

PERSON = {
    "GIT_AUTHOR_NAME": "A Person",
    "GIT_AUTHOR_EMAIL": "person@example.org",
    "GIT_COMMITTER_NAME": "A Person",
    "GIT_COMMITTER_EMAIL": "person@example.org",
}


def git(folder: Path, *args: str, code: int = 0, data: bytes = b"") -> str:
    """Git as a person uses it in these tests; the output, stripped at its end."""
    ended = subprocess.run(
        ["git", *args],
        cwd=folder,
        env={**os.environ, **PERSON},
        input=data,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == code, (args, ended.stdout, ended.stderr)
    return ended.stdout.decode(errors="surrogateescape").rstrip()


def await_end(pid: int) -> None:
    """Wait until a process of anybody's has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ready, _, _ = select.select([handle], [], [], 30)
    finally:
        os.close(handle)
    assert ready, f"process {pid} is still there"


@dataclass(frozen=True)
class Scratch:
    """A repository to try things in."""

    folder: Path  # everything is below it
    top: Path  # the orchestrator's checkout
    remote: Path | None

    @property
    def repository(self) -> Repository:
        return Repository.open(self.top)

    @property
    def worktrees(self) -> Worktrees:
        return Worktrees(self.repository, self.folder / "worktrees")

    def git(self, *args: str, code: int = 0) -> str:
        return git(self.top, *args, code=code)

    def commit(
        self,
        files: Mapping[str, str | None],
        message: str = "change",
        *,
        folder: Path | None = None,
    ) -> str:
        """Write files (None deletes one), commit them, return the commit."""
        folder = folder or self.top
        for name, content in files.items():
            path = folder / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode())
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
        return git(folder, "rev-parse", "HEAD")

    def push(self) -> None:
        if self.remote is not None:
            self.git("push", "--quiet", "origin", "main")

    def branch(self, name: str, files: Mapping[str, str | None], *, start: str = "main") -> str:
        """A branch with one commit, made in a worktree that is gone again; its head."""
        path = self.folder / "elsewhere"
        self.git("worktree", "add", "--quiet", "-b", name, str(path), start)
        try:
            return self.commit(files, f"work on {name}", folder=path)
        finally:
            self.git("worktree", "remove", "--force", str(path))


MakeScratch = Callable[..., Scratch]


@pytest.fixture(autouse=True)
def _nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where git knows nobody, with no settings but these."""
    config = tmp_path / "gitconfig"
    config.write_text("[init]\n\tdefaultBranch = main\n[user]\n\tuseConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Scratch]:
    """For each object format a repository with a remote, to be copied: that is quicker than git."""

    @cache
    def template(object_format: str) -> Scratch:
        folder = tmp_path_factory.mktemp(f"template-{object_format}")
        scratch = Scratch(folder=folder, top=folder / "checkout", remote=folder / "remote.git")
        kind = f"--object-format={object_format}"
        git(folder, "init", "--quiet", kind, str(scratch.top))
        scratch.commit({"TASKS.md": "plan\n", "file.txt": "one\ntwo\nthree\n"}, "start")
        git(folder, "init", "--quiet", "--bare", kind, str(scratch.remote))
        scratch.git("remote", "add", "origin", "../remote.git")
        scratch.push()
        return scratch

    return template


@pytest.fixture
def make_scratch(tmp_path: Path, templates: Callable[[str], Scratch]) -> MakeScratch:
    def make(*, remote: bool = True, object_format: str = "sha1") -> Scratch:
        template = templates(object_format)
        top = tmp_path / "checkout"
        shutil.copytree(template.top, top)
        bare = tmp_path / "remote.git" if remote else None
        scratch = Scratch(folder=tmp_path, top=top, remote=bare)
        if bare is not None:
            shutil.copytree(template.folder / bare.name, bare)
            scratch.git("remote", "set-url", "origin", str(bare))
        else:
            scratch.git("remote", "remove", "origin")
        scratch.git("update-index", "-q", "--refresh")  # the copies are other files
        return scratch

    return make


@pytest.fixture(params=["remote", "no remote"])
def scratch(request: pytest.FixtureRequest, make_scratch: MakeScratch) -> Scratch:
    """With a bare remote, and without one."""
    return make_scratch(remote=request.param == "remote")
