"""Keeps an agent's git from doing what is the runner's business, as far as settings can.

Settings can be undone by an agent that sets out to. What holds against that one is a sandbox, and
the runner's own checks of what the branch holds.
"""

from __future__ import annotations

from collections.abc import Mapping

from agents.protocol import Brief
from mission.private import private_folder, write_private

#: The address that every push of an agent is sent to. Git knows no such transport.
NOWHERE = "refused://agents-do-not-push/"
_CONFIG = "GIT_CONFIG_GLOBAL"


def guard_git(brief: Brief, environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` with git settings of the attempt's own: what it commits carries the agent's
    name, a push goes nowhere, and nobody is asked for a password.

    The user's own settings stay in force below these. A remote with a `pushurl` of its own is
    not covered: git rewrites no such address.
    """
    home = environment.get("HOME", "~")
    xdg = environment.get("XDG_CONFIG_HOME") or f"{home}/.config"
    own = [environment[_CONFIG]] if _CONFIG in environment else []
    settings = brief.scratch / "gitconfig"
    private_folder(brief.scratch, top=brief.scratch.parent)
    write_private(
        settings,
        "".join(
            [
                *(_setting("include", "path", path) for path in own or (f"{xdg}/git/config",)),
                *([] if own else [_setting("include", "path", f"{home}/.gitconfig")]),
                _setting("user", "name", f"{brief.agent} via mission-runner"),
                _setting("user", "email", "mission-runner@localhost"),
                _setting(f'url "{NOWHERE}"', "pushInsteadOf", ""),
            ]
        ),
    )
    return {**environment, _CONFIG: str(settings), "GIT_TERMINAL_PROMPT": "0"}


def _setting(section: str, key: str, value: str) -> str:
    """One setting of a git configuration file."""
    plain = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'[{section}]\n\t{key} = "{plain}"\n'
