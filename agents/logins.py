"""Which of the shipped agents are installed and logged in here: no tool is started, and no model is
asked."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agents.registry import ADAPTERS
from mission.config import SHIPPED_AGENTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Readiness:
    """One agent on this machine."""

    agent: str
    missing: str | None  # what to do first, in a few words; None: it can start


def ready_agents(environ: Mapping[str, str], home: Path) -> tuple[Readiness, ...]:
    """Each shipped agent, those first that rows are usually given to.

    Args:
        home: The person's home folder.
    """
    order = ("codex", "sonnet", "opus", "haiku", "glm-5.1")
    names = sorted(SHIPPED_AGENTS, key=lambda name: (*order, name).index(name))
    return tuple(Readiness(agent=name, missing=_missing(name, environ, home)) for name in names)


def _missing(name: str, environ: Mapping[str, str], home: Path) -> str | None:
    login = ADAPTERS[SHIPPED_AGENTS[name].type].login
    if login is None:
        return None
    if shutil.which(login.program, path=environ.get("PATH")) is None:
        return login.install
    return login.missing(environ, home)
