"""Files of a person's checkout that git ignores, brought to where others work."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from errors import GitError, UsageError
from workspace.git import Git
from workspace.git_files import delete, is_folder


def bring(top: Path, folder: Path, paths: Sequence[str], *, link: bool) -> list[str]:
    """Bring files and folders of `top` to the same places in `folder`, but for those that it has.

    Args:
        top: The checkout that has them.
        folder: A worktree, or another checkout, of the same repository.
        paths: Relative, with slashes, without `..`.
        link: Whether it gets links to them, or copies.

    Returns:
        The paths that were brought.

    Raises:
        UsageError: One is not there, or leads out of `top`.
        GitError: A link stands in the place of a folder that one belongs in.
        OSError: One cannot be read or written.
    """
    brought = []
    for path in paths:
        source = _source(top, path)
        target = place_for(folder, path)
        if os.path.lexists(target):
            continue
        if link:
            target.symlink_to(source)
        elif source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target)
        brought.append(path)
    return brought


def _source(top: Path, path: str) -> Path:
    whole = top.resolve()
    found = (whole / path).resolve()
    if not found.exists():
        raise UsageError(
            f"there is no {path} in {top}",
            hint="Make it, or take it out of `worktree` in mission.yaml",
        )
    own = whole / ".git"
    if not found.is_relative_to(whole) or found == whole or own in (found, *found.parents):
        raise UsageError(
            f"{path} in {top} leads to {found}",
            hint="`worktree` in mission.yaml brings what is inside the repository alone",
        )
    return found


def place_for(folder: Path, path: str) -> Path:
    """Where a path goes, with the folders above it, none of which is a link.

    Raises:
        GitError: One of them is no folder.
    """
    *above, name = path.split("/")
    place = folder
    for part in above:
        place /= part
        if not is_folder(place):
            if os.path.lexists(place):
                raise GitError(f"{path} cannot be brought to {folder}: {place} is no folder")
            place.mkdir()
    return place / name


def refuse_unignored(git: Git, folder: Path, paths: Sequence[str]) -> None:
    """Return if git ignores each of these; else remove them, since they would be taken for work.

    Raises:
        UsageError: It does not ignore one.
    """
    if not paths:
        return
    listed = "".join(f"{path}\0" for path in paths)
    ignored = git.run("check-ignore", "-z", "--stdin", input=listed, check=False).fields
    shown = [path for path in paths if path not in ignored]
    if shown:
        for path in paths:
            delete(folder / path)
        raise UsageError(
            f"git does not ignore {', '.join(shown)}, which `worktree` in mission.yaml brings",
            hint="Name it in .gitignore: without a slash at its end where it is a link",
        )
