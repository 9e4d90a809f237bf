"""Which versions of the tools every scene was played with, and which one is installed here."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from functools import cache

from workspace.process import allowed_environment

#: By program, oldest first. The oldest and the newest are tried in CI, all of them by `make soak`.
TRIED: Mapping[str, tuple[str, ...]] = {
    "claude": ("2.1.197", "2.1.265", "2.1.332"),
    "codex": ("0.169.0", "0.171.0"),
}

_VERSION = re.compile(r"(?<!\d)\d{1,9}(?:\.\d{1,9}){1,4}")
_LONGEST = 20  # seconds: it is a large program, and the machine may be busy


@cache
def installed_version(program: str) -> str | None:
    """What a program says of itself; None where it does not. It asks no model for that.

    Args:
        program: A name on PATH, or a path.
    """
    try:
        said = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_LONGEST,
            env=allowed_environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(said.stdout)
    return found[0] if said.returncode == 0 and found else None


def version_text(program: str, tried: tuple[str, ...]) -> str:
    """The version that is installed, and whether it was tried, in a few words."""
    version = installed_version(program)
    if version is None:
        return "of unknown version"
    if version in tried:
        return f"{version}, which was tried"
    return f"{version}, which was not tried: {', '.join(tried)} were"
