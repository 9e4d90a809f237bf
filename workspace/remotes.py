"""The remotes of a repository."""

from __future__ import annotations

from pathlib import Path

from errors import GitError
from workspace.git import Git
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
