"""A scratch mission whose remote is a test forge."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from tests.forge.server import TOKEN, ForgeServer
from tests.scratch import Scratch, make
from workspace.git import Git

# By kind, the variable in which the runner looks for the token.
VARIABLES = {"gitea": "GITEA_TOKEN", "forgejo": "FORGEJO_TOKEN", "github": "GITHUB_TOKEN"}
QUEUE = {"type": "queue", "interval": "0.05s", "timeout": "60s"}


@dataclass(frozen=True, kw_only=True)
class ForgeMission:
    """A running forge and the mission that works on it."""

    server: ForgeServer
    scratch: Scratch

    def sign_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Give this process, and so the runner, the forge's token."""
        monkeypatch.setenv(VARIABLES.get(self.server.kind, "GITLAB_TOKEN"), TOKEN)
        monkeypatch.setenv("NETRC", "/nonexistent")


@contextmanager
def forge_mission(
    folder: Path,
    rows: Sequence[str],
    *,
    kind: str = "gitea",
    plan: str | None = None,
    config: Mapping[str, object] | None = None,
    worker: str | None = None,
) -> Iterator[ForgeMission]:
    """A mission with `rows`, or with the whole task file `plan`, on a forge that runs meanwhile."""
    settings = {"forge": {"type": kind}, "gates": [QUEUE]} | dict(config or {})
    scratch = (
        make(folder, rows, config=settings)
        if worker is None
        else make(folder, rows, config=settings, worker=worker)
    )
    if plan is not None:
        _replace_plan(scratch, plan)
    bare = folder / "forge" / "team" / "project.git"
    shutil.copytree(scratch.remote, bare)
    with ForgeServer(folder / "forge", kind) as server:
        scratch.git.run("remote", "set-url", "origin", server.remote_url)
        server.sign_in(scratch.top)
        server.model.noticed({})
        yield ForgeMission(server=server, scratch=replace(scratch, remote=bare))


def _replace_plan(scratch: Scratch, plan: str) -> None:
    """Another task file; every agent that it may name is the scratch worker."""
    scratch.task_file.write_text(plan, encoding="utf-8")
    path = scratch.task_file.parent / "mission.yaml"
    settings = yaml.safe_load(path.read_text())
    worker = settings["agents"]["worker"]
    names = ("codex", "glm-5.1", "haiku", "sonnet", "opus")
    settings["agents"] = dict.fromkeys(names, worker)
    path.write_text(yaml.safe_dump(settings))
    git = Git(scratch.top)
    git.run("commit", "--quiet", "--all", "-m", "Another plan")
    git.run("push", "--quiet", "origin", "main")
