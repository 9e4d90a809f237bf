"""A test forge of each kind, with a repository that has work on a branch."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from forges.protocol import Forge
from forges.registry import find_forge
from mission.config import ForgeConfig
from tests.forge.model import ForgeModel, git
from tests.forge.server import KINDS, TOKEN, ForgeServer

VARIABLES = {"gitea": "GITEA_TOKEN", "forgejo": "FORGEJO_TOKEN", "github": "GITHUB_TOKEN"}


@dataclass(kw_only=True)
class Site:
    """A running forge, our adapter for it, and a checkout."""

    server: ForgeServer
    forge: Forge
    checkout: Path

    def push(self, branch: str, text: str = "x") -> str:
        """A commit on `branch`, pushed; the branch starts at the base."""
        git(self.checkout, "checkout", "-q", "-B", branch, "origin/main")
        (self.checkout / f"{branch.replace('/', '-')}.txt").write_text(text)
        git(self.checkout, "add", "-A")
        git(self.checkout, "commit", "-q", "-m", f"work on {branch}")
        git(self.checkout, "push", "-q", "-f", "origin", branch)
        return git(self.checkout, "rev-parse", "HEAD")

    @property
    def base(self) -> str:
        return self.server.model.heads()["main"]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A forge's folder and a checkout with one commit, to be copied: that is quicker than git."""
    folder = tmp_path_factory.mktemp("template")
    bare = ForgeModel.create(folder / "forge").path
    checkout = folder / "checkout"
    git(folder, "init", "-q", "-b", "main", str(checkout))
    (checkout / "README.md").write_text("a project\n")
    git(checkout, "add", "-A")
    git(checkout, "commit", "-q", "-m", "begin")
    git(checkout, "push", "-q", str(bare), "main")
    git(checkout, "update-ref", "refs/remotes/origin/main", "main")
    git(checkout, "remote", "add", "origin", "http://127.0.0.1/")
    return folder


@pytest.fixture(params=KINDS)
def site(request: pytest.FixtureRequest, tmp_path: Path, template: Path) -> Iterator[Site]:
    with _open(request.param, tmp_path, template) as found:
        yield found


@pytest.fixture
def gitea(tmp_path: Path, template: Path) -> Iterator[Site]:
    with _open("gitea", tmp_path, template) as found:
        yield found


@contextmanager
def _open(kind: str, folder: Path, template: Path) -> Iterator[Site]:
    shutil.copytree(template, folder, dirs_exist_ok=True)
    with ForgeServer(folder / "forge", kind) as server:
        checkout = folder / "checkout"
        git(checkout, "remote", "set-url", "origin", server.remote_url)
        server.sign_in(checkout)
        server.model.noticed({})
        forge = find_forge(
            ForgeConfig.model_validate({"type": kind}),
            server.remote_url,
            {VARIABLES.get(kind, "GITLAB_TOKEN"): TOKEN, "NETRC": "/nonexistent"},
        )
        assert forge is not None
        yield Site(server=server, forge=forge, checkout=checkout)
