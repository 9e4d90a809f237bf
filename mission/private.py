"""Folders and files of the runner that are for its user's eyes alone, whatever the umask."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import IO

from errors import UsageError

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_OTHERS = 0o077  # every right of a file's group and of everybody else


def private_folder(path: Path, *, top: Path | None = None) -> None:
    """Make `path` a folder that only its owner, this user, can open; close it if it was open.

    Args:
        top: A folder around it from which on all are to be so; else it alone. Those around that
            are made where they are missing: others may pass them, and cannot change them.

    Raises:
        UsageError: One is a link, no folder, or somebody else's.
        OSError: One cannot be made.
    """
    first = path if top is None else top
    for missing in reversed([above for above in first.parents if not above.exists()]):
        missing.mkdir(mode=0o711, exist_ok=True)
    for folder in reversed([path, *path.parents]):
        if folder.is_relative_to(first):
            _close(folder)


def _close(path: Path) -> None:
    with contextlib.suppress(FileExistsError):  # if it is no folder, what follows says so
        path.mkdir(mode=0o700, exist_ok=True)
    try:
        # No link is followed: whoever may write beside it could point it anywhere.
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise UsageError(
            f"{path} is no folder of this user's own ({error.strerror})", hint=_ELSEWHERE
        ) from error
    try:
        found = os.fstat(handle)
        if found.st_uid != os.geteuid():
            raise UsageError(
                f"{path} belongs to another user (uid {found.st_uid})", hint=_ELSEWHERE
            )
        if stat.S_IMODE(found.st_mode) & _OTHERS:
            os.fchmod(handle, 0o700)
    finally:
        os.close(handle)


_ELSEWHERE = "Run as that user; or move it away, or set MISSION_HOME to a folder of yours"


def read_private(path: Path) -> str | None:
    """The text of a file that nobody but this user can have read or written; else None.

    Raises:
        OSError: It is there and cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, encoding="utf-8", errors="replace") as file:
        found = os.fstat(handle)
        ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
        return file.read() if ours and not stat.S_IMODE(found.st_mode) & _OTHERS else None


def new_private(path: Path) -> IO[bytes]:
    """A new file for this user's eyes alone, to be written to.

    Raises:
        OSError: It is there already, or cannot be made.
    """
    return os.fdopen(os.open(path, _NEW, 0o600), "wb")


def write_private(path: Path, text: str) -> None:
    """Write a file for this user's eyes alone, in place of what is there.

    Raises:
        OSError: It cannot be written.
    """
    path.unlink(missing_ok=True)
    with new_private(path) as file:
        file.write(text.encode("utf-8", "replace"))


def put_private(path: Path, text: str, *, replace: bool) -> None:
    """Write a file for this user's eyes alone. It is there with all its text, or not at all.

    Args:
        replace: Whether it takes the place of one that is there; else that one stays.

    Raises:
        OSError: It cannot be written.
    """
    half = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with new_private(half) as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if replace:
            half.replace(path)
        else:
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(half)
    finally:
        half.unlink(missing_ok=True)
