"""Paths in environment variables, made to mean the same wherever a child starts.

Children start in worktrees. There a relative path leads to files that an agent wrote: a folder of
`PATH` to its programs, a home folder to its settings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

# Variables that hold one path. Tools look for settings, programs or certificates there.
_PLACES = frozenset(
    {"HOME", "SHELL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"}
    | {"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"}
    | {"CLAUDE_CONFIG_DIR", "CODEX_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"}
    | {"GIT_EXEC_PATH", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"}
)

_PATH = "/usr/bin:/bin"  # where nothing is left of it: an empty one means where the child starts


def anchored(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` without a path that depends on where a child starts: the relative ones are
    taken from our own folder, which is what they mean to us; `PATH` goes without them."""
    return {name: _anchored(name, value) for name, value in environment.items()}


def _anchored(name: str, value: str) -> str:
    if name == "PATH":
        folders = [folder for folder in value.split(os.pathsep) if folder.startswith("/")]
        return os.pathsep.join(folders) or _PATH
    if name in _PLACES and value and not value.startswith("/"):
        return os.path.abspath(value)  # noqa: PTH100 - a link in it stays one
    return value
