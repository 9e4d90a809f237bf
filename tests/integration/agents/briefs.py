"""Briefs for tests that run real programs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from agents.protocol import Brief, Timeouts
from mission.config import SandboxConfig
from mission.usage import Usage
from workspace.process import allowed_environment

QUICK = Timeouts(
    start=timedelta(seconds=30), silence=timedelta(seconds=30), total=timedelta(seconds=60)
)


def make_repository(folder: Path) -> Path:
    """A git repository with one commit on `main`."""
    folder.mkdir(parents=True)
    for words in (
        ["init", "-q", "-b", "main"],
        ["config", "user.name", "Test"],
        ["config", "user.email", "test@localhost"],
        ["commit", "-q", "--allow-empty", "-m", "First"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True, env=allowed_environment())
    return folder


def git(folder: Path, *words: str) -> str:
    """What a git command prints."""
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        env=allowed_environment(),
    )
    return done.stdout.strip()


def make_brief(
    worktree: Path,
    *,
    text: str = "Do it.\n",
    environment: Mapping[str, str] | None = None,
    timeouts: Timeouts = QUICK,
    resume: str | None = None,
    resumed: Usage | None = None,
    token_limit: int | None = None,
    sandbox: SandboxConfig | None = None,
) -> Brief:
    """A brief in a worktree, with its log and scratch folder beside it."""
    beside = worktree.parent
    return Brief(
        task="T-1",
        attempt=1,
        agent="tested",
        text=text,
        worktree=worktree,
        log=beside / "attempt.log",
        scratch=beside / "scratch",
        environment=allowed_environment(extra=environment or {}),
        timeouts=timeouts,
        resume=resume,
        resumed=resumed or Usage(),
        token_limit=token_limit,
        sandbox=sandbox or SandboxConfig(),
    )


def python(code: str) -> list[str]:
    """An argv that runs `code`."""
    return [sys.executable, "-S", "-c", code]
