"""A tool's own folder in place of the usual one: another login of the same person."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from agents.home import Belongings
from mission.config import ToolAgentConfig


def profiled(
    given: Mapping[str, str],
    config: ToolAgentConfig,
    belongings: Belongings,
    keys: Collection[str],
) -> dict[str, str]:
    """The environment in which a tool finds its profile, where it has one. A key of the environment
    would count before the login, so there is none then but the one that the agent's `key` names.

    Args:
        keys: The variables in which the tool looks for a key.
    """
    if config.profile is None:
        return dict(given)
    folder = folder_of_profile(config.profile, given)
    kept = {name: value for name, value in given.items() if name not in keys or name == config.key}
    return {**kept, belongings.variable: str(folder)}


def missing_profile(
    config: ToolAgentConfig, belongings: Belongings, environ: Mapping[str, str], login: str
) -> str | None:
    """What to say where a tool's profile is not there; None if it is, or it has none.

    Args:
        login: The command that logs in.
    """
    if config.profile is None or folder_of_profile(config.profile, environ).is_dir():
        return None
    how = f"{belongings.variable}={config.profile} {login}"
    return f"its profile {config.profile} is not there: make it, and log in with `{how}`"


def folder_of_profile(profile: str, environ: Mapping[str, str]) -> Path:
    """Where a profile is."""
    home = environ.get("HOME") or str(Path.home())
    return Path(home, profile[2:]) if profile.startswith("~/") else Path(profile)
