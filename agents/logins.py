"""Which of the shipped agents are installed and logged in here, told from files and names: no tool
is started, and no model is asked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agents import claude, codex, glm
from agents.home import Belongings
from mission.config import SHIPPED_AGENTS

_LONGEST = 1 << 24  # bytes of a tool's own file


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
    kind = SHIPPED_AGENTS[name].type
    program, install = (
        (codex.PROGRAM, codex.INSTALL) if kind == "codex" else (claude.PROGRAM, claude.INSTALL)
    )
    if shutil.which(program, path=environ.get("PATH")) is None:
        return install
    keys: tuple[str, ...]
    match kind:
        case "codex":
            keys = ("CODEX_API_KEY",)
            known = _login(codex.BELONGINGS, environ, home)
            remedy = "log in with `codex login`"
        case "glm":
            keys, known = glm.KEYS, False
            remedy = f"set {glm.KEYS[0]}"
        case _:
            keys = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
            # Where the system keeps passwords, the login is there, and the account is named here.
            known = _login(claude.BELONGINGS, environ, home) or _account(environ, home)
            remedy = "log in with `claude`"
    return None if known or any(environ.get(key) for key in keys) else remedy


def _folder(belongings: Belongings, environ: Mapping[str, str], home: Path) -> Path:
    return Path(environ.get(belongings.variable) or home / belongings.folder)


def _login(belongings: Belongings, environ: Mapping[str, str], home: Path) -> bool:
    return (_folder(belongings, environ, home) / belongings.login).is_file()


def _account(environ: Mapping[str, str], home: Path) -> bool:
    own = environ.get(claude.BELONGINGS.variable)
    file = (Path(own) if own else home) / claude.BELONGINGS.beside
    try:
        with file.open("rb") as opened:
            said = json.loads(opened.read(_LONGEST))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(said, dict) and bool(said.get("oauthAccount"))
