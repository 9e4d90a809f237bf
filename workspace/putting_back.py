"""Settings that somebody changed while others worked are put back, one by one.

How they had been changed is kept beside, so nothing of a person's is lost who changed them in that
very time. What a person may have changed since stays: only what is watched is put back.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from errors import GitError, MissionError
from mission.private import new_private, private_folder
from workspace.git import Git
from workspace.git_files import is_file
from workspace.settings_file import settings_in, settings_of


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of settings, or of a folder beside them, as it was."""

    content: bytes | None  # of what a link leads to, too; None: that is no file
    mode: int = field(compare=False)
    link: str | None = None  # what it says, where it is one

    @classmethod
    def of(cls, file: Path) -> Self | None:
        """As it is now; None: there is neither a file nor a link."""
        link = _link_of(file)
        if file.is_file():
            return cls(file.read_bytes(), file.stat().st_mode & 0o777, link)
        return None if link is None else cls(None, 0, link)


def kept(files: Collection[Path]) -> Mapping[Path, Kept]:
    """The files as they are now, of those that are there."""
    found = ((file, Kept.of(file)) for file in files)
    return {file: was for file, was in found if was is not None}


def put_back(
    before: Mapping[Path, Kept], changed: Mapping[Path, Collection[str]], aside: Path
) -> Path:
    """Bring settings to what they were, each of them that can be.

    Args:
        before: The files as they were.
        changed: Names of settings by the file that they are in; none: the whole file changed.
        aside: A folder for what they were changed to; it gets one of its own there. What a file
            was that cannot be put back comes there too.

    Returns:
        The folder that holds it.

    Raises:
        GitError, OSError: Something cannot be put back.
    """
    folder = aside / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
    private_folder(folder, top=aside)
    failed: list[str] = []
    for file, names in changed.items():
        was, name = before.get(file), f"{file.parent.name}-{file.name}"
        try:
            _put_back(file, was, names, folder / name)
        except (MissionError, OSError) as error:
            failed.append(str(error))
            if was is not None and was.content is not None:
                with new_private(folder / f"{name}.original") as copy:
                    copy.write(was.content)
    if failed:
        raise GitError(f"{'; '.join(failed)} (what was there is in {folder})")
    return folder


def _put_back(file: Path, was: Kept | None, names: Collection[str], copy: Path) -> None:
    parent = file.parent
    if parent.is_symlink():
        raise GitError(f"{parent} is a link")
    if was is not None and not parent.is_dir():
        if os.path.lexists(parent):
            parent.rename(copy.with_name(parent.name))
        parent.mkdir()
    stays = was is not None and was.link is not None and _link_of(file) == was.link
    if os.path.lexists(file):
        _keep(file, copy, stays=stays)
    if was is None:
        file.unlink(missing_ok=True)
    elif was.link is not None:
        if not stays:
            _link(file, was.link)
        _put_back_linked(file, was, names)
    elif names and is_file(file) and _is_readable(file):
        _set(file, was, names)
    else:
        _write(file, was)


def _put_back_linked(file: Path, was: Kept, names: Collection[str]) -> None:
    """What a link leads to is somebody else's: settings there are set, no file is written."""
    now = Kept.of(file)
    if now == was:
        return
    if not names or now is None or now.content is None or not _is_readable(file):
        raise GitError(f"{file} is a link to {was.link}, which was changed itself")
    _set(file, was, names)


def _link_of(file: Path) -> str | None:
    return os.readlink(file) if file.is_symlink() else None  # noqa: PTH115 - word for word


def _keep(file: Path, copy: Path, *, stays: bool) -> None:
    """A copy of how a file was changed, or, where it is none, and not to stay, itself."""
    if is_file(file) or (stays and file.is_file()):
        shutil.copyfile(file, copy)
        copy.chmod(0o600)
    elif not stays:
        file.rename(copy)


def _is_readable(file: Path) -> bool:
    try:
        settings_in(file)
    except GitError:
        return False
    return True


def _set(file: Path, was: Kept, names: Collection[str]) -> None:
    """Give settings the values that they had, in their order, through git, which takes its lock.

    Killed in the middle, we leave none without a value that had one.
    """
    git, now = Git(Path("/")), {name for name, _ in settings_in(file)}
    old = settings_of(was.content or b"")
    change = ("config", "--file", str(file))
    for name in names:
        values = [value for one, value in old if one == name]
        if values:
            git.run(*change, "--replace-all", name, values[0])
        elif name in now:
            git.run(*change, "--unset-all", name)
        for value in values[1:]:
            git.run(*change, "--add", name, value)


def _write(file: Path, was: Kept) -> None:
    fresh = _locked(file)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, was.mode)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(was.content or b"")
        fresh.chmod(was.mode)
        fresh.replace(file)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _link(file: Path, to: str) -> None:
    fresh = _locked(file)
    fresh.symlink_to(to)
    try:
        fresh.replace(file)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _locked(file: Path) -> Path:
    return file.with_name(f"{file.name}.lock")  # as git itself does, which then waits or refuses
