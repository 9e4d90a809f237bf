"""Settings that somebody changed while others worked are put back, one by one.

How they had been changed is kept beside, so nothing of a person's is lost who changed them in that
very time. What a person may have changed since stays: only what is watched is put back.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from errors import GitError
from mission.private import private_folder
from workspace.git import Git
from workspace.git_files import is_file, is_folder
from workspace.settings_file import settings_in, settings_of


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of settings, or of a folder beside them, as it was."""

    content: bytes
    mode: int


def kept(files: Collection[Path]) -> Mapping[Path, Kept]:
    """The files as they are now, of those that are there."""
    return {
        file: Kept(file.read_bytes(), file.stat().st_mode & 0o777)
        for file in files
        if is_file(file)
    }


def put_back(
    before: Mapping[Path, Kept], changed: Mapping[Path, Collection[str]], aside: Path
) -> Path:
    """Bring settings to what they were.

    Args:
        before: The files as they were.
        changed: Names of settings by the file that they are in; none: the whole file changed.
        aside: A folder for what they were changed to; it gets one of its own there.

    Returns:
        The folder that holds it.

    Raises:
        GitError, OSError: Something cannot be put back.
    """
    folder = aside / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
    private_folder(folder, top=aside)
    for file, names in changed.items():
        if file.parent.is_symlink():
            raise GitError(f"{file.parent} is a link")
        if os.path.lexists(file):
            _keep(file, folder / f"{file.parent.name}-{file.name}")
        was = before.get(file)
        if was is not None and names and is_file(file) and _is_readable(file):
            _set(file, was, names)
        elif was is not None:
            _write(file, was)
        elif os.path.lexists(file):
            shutil.rmtree(file) if is_folder(file) else file.unlink()
    return folder


def _keep(file: Path, copy: Path) -> None:
    if is_file(file):
        shutil.copyfile(file, copy)
        copy.chmod(0o600)
    else:
        file.rename(copy)


def _is_readable(file: Path) -> bool:
    try:
        settings_in(file)
    except GitError:
        return False
    return True


def _set(file: Path, was: Kept, names: Collection[str]) -> None:
    """Give settings the values that they had, in their order, through git, which takes its lock."""
    git, now = Git(Path("/")), {name for name, _ in settings_in(file)}
    old = settings_of(was.content)
    for name in names:
        change = ("config", "--file", str(file))
        if name in now:
            git.run(*change, "--unset-all", name)
        for value in (value for one, value in old if one == name):
            git.run(*change, "--add", name, value)


def _write(file: Path, was: Kept) -> None:
    fresh = file.with_name(f"{file.name}.lock")  # as git itself does, which then waits or refuses
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, was.mode)
    with os.fdopen(handle, "wb") as opened:
        opened.write(was.content)
    fresh.chmod(was.mode)
    if is_folder(file):
        shutil.rmtree(file)
    fresh.replace(file)
