"""Where git is, and the environment that our git commands get."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from functools import cache

from errors import UsageError
from workspace.anchored import anchored

# Variables of git's that say how to reach a server, not which repository to work on.
_KEPT = frozenset(
    {"GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_EXEC_PATH"}
    | {"GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSL_NO_VERIFY", "GIT_PROXY_COMMAND"}
)
_CONFIGURES = re.compile(r"GIT_CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|KEY_\d+|VALUE_\d+)")
# A person's settings that would change what plumbing does or prints.
_SETTINGS = {
    "core.quotePath": "false",
    "core.fsmonitor": "false",
    "core.safecrlf": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
    "advice.detachedHead": "false",
    "advice.graftFileDeprecated": "false",  # that we name none is told as if we named one
    "color.ui": "never",
    "log.showSignature": "false",
    # A server that sends less than 1,000 bytes a second for a minute is not there.
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
}


@cache
def program() -> str:
    """Where git is."""
    path = shutil.which("git", path=anchored(os.environ).get("PATH"))
    if path is None:
        raise UsageError("git is not installed", hint="https://git-scm.com/downloads")
    return path


def git_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of our git commands: a person's, without what points elsewhere or asks."""
    kept = {
        name: value
        for name, value in anchored(os.environ).items()
        if (not name.startswith("GIT_") or name in _KEPT or _CONFIGURES.match(name))
        # Git starts hooks and filters: what the runner logs in to its engine with is not for them.
        and not name.startswith("PREFECT_")
    }
    # Somebody may hand settings to git in this way already (CI does): ours come after theirs.
    count = os.environ.get("GIT_CONFIG_COUNT", "0")
    first = int(count) if count.isdecimal() else 0
    settings = {"GIT_CONFIG_COUNT": str(first + len(_SETTINGS))}
    for number, (key, value) in enumerate(_SETTINGS.items(), start=first):
        settings[f"GIT_CONFIG_KEY_{number}"] = key
        settings[f"GIT_CONFIG_VALUE_{number}"] = value
    return {
        **kept,
        **settings,
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        # A look at the checkout writes nothing: killed, it would leave a lock that nobody knows of.
        "GIT_OPTIONAL_LOCKS": "0",
        # What is verified and merged is what is pushed, not what somebody put in its place here.
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "SSH_ASKPASS_REQUIRE": "never",
        **(extra or {}),
    }
