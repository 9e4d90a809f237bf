"""Files that keep whoever opens them waiting: pipes and devices that an agent left."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from errors import GitError
from workspace.disks import as_git_error

_HARMLESS = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK, stat.S_ISSOCK)  # a socket cannot be opened


def refuse_special_files(folder: Path) -> None:
    """Return if git can look at everything in `folder`.

    Raises:
        GitError: With the first pipe or device, or the folder that cannot be read.
    """
    try:
        _look_through(folder)
    except OSError as error:
        raise as_git_error(f"{folder} cannot be looked through", error) from error


def _look_through(folder: Path) -> None:
    folders = [folder]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif not entry.is_file(follow_symlinks=False) and _waits(entry):
                    raise GitError(
                        f"{entry.path} is a pipe or a device: git would wait for it",
                        hint="Remove it; the work beside it is kept",
                    )


def _waits(entry: os.DirEntry[str]) -> bool:
    mode = entry.stat(follow_symlinks=False).st_mode
    return not any(kind(mode) for kind in _HARMLESS)
