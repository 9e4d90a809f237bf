"""The remotes of a repository."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from errors import GitError
from workspace.git import Git
from workspace.git_locks import Places
from workspace.settings_file import settings_in


def has_remote(git: Git, common_dir: Path, name: str) -> bool:
    """Whether a repository has a remote of this name.

    The repository's own settings name it nearly always; a person's may, too.
    """
    try:
        if any(
            setting == f"remote.{name}.url" for setting, _ in settings_in(common_dir / "config")
        ):
            return True
    except GitError:  # git itself says best what it cannot read
        pass
    return name in remotes(git)


def remotes(git: Git) -> tuple[str, ...]:
    """The names of all remotes, wherever they are set."""
    return tuple(git.run("remote", check=False).text.split())


def places(git: Git, remote: str | None) -> Places:
    """Where a lock may be removed that keeps git from a remote, or from the repository itself."""
    own = git.own_places()
    if remote is None:
        return Places(own=own)
    url = git.run("remote", "get-url", "--push", remote, check=False).text.partition("\n")[0]
    local = unquote(url.removeprefix("file://")) if url.startswith("file:///") else url
    if not local or re.match(r"[^/]*:", local):
        return Places(own=own)
    folder = git.folder / local
    inner = folder / ".git"
    return Places(own=own, remote=next((one for one in (inner, folder) if one.is_dir()), None))
