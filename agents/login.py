"""Where a tool has its login, and whether there is one, told from files and names.

No tool is started, and no model is asked. What a login says is read by nobody here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agents.home import Belongings
from agents.profile import folder_of_profile
from mission.config import AgentConfig, ToolAgentConfig

_LONGEST = 1 << 24  # bytes of a tool's own file


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """How a tool is installed and logged in."""

    program: str  # its name on PATH
    install: str  # what to type to get it
    keys: tuple[str, ...]  # environment variables that hold a key or a token
    remedy: str  # what to do where there is no login
    belongings: Belongings | None = None  # what it keeps in a home folder; None: no login
    account: str = ""  # the key that names an account in `Belongings.beside`

    def missing(
        self, environ: Mapping[str, str], home: Path, config: AgentConfig | None = None
    ) -> str | None:
        """What to do before the tool is logged in; None if it is.

        Args:
            home: The person's home folder.
            config: The agent's settings; those that are shipped if not given.
        """
        given = {**environ, **(config.set if config is not None else {})}
        key = config.key if config is not None else None
        profile = config.profile if isinstance(config, ToolAgentConfig) else None
        if key is not None:
            return None if given.get(key) else f"set {key}"
        if profile is None and any(given.get(name) for name in self.keys):
            return None
        return None if self._known(given, home, profile) else self.remedy

    def _known(self, environ: Mapping[str, str], home: Path, profile: str | None) -> bool:
        belongings = self.belongings
        if belongings is None:
            return False
        named = environ.get(belongings.variable)
        if profile is not None:
            named = str(folder_of_profile(profile, environ))
        folder = Path(named) if named else home / belongings.folder
        if (folder / belongings.login).is_file():
            return True
        # Where the system keeps passwords, the login is there, and the account is named here.
        beside = (folder if named else home) / belongings.beside
        return bool(self.account) and _names(beside, self.account)


def _names(file: Path, key: str) -> bool:
    try:
        with file.open("rb") as opened:
            said = json.loads(opened.read(_LONGEST))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(said, dict) and bool(said.get(key))
