"""Disks that take nothing: full, read-only, broken. Which one it is, and how it stands."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

#: What the system says where a disk takes nothing, whoever asks.
TROUBLE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG, errno.ENODEV, errno.ESTALE}
)
#: What it says where this user may not write.
RIGHTS = frozenset({errno.EACCES, errno.EPERM})
#: What limits the size of files that a process may write.
FILE_LIMIT = "`ulimit -f`"
#: Bytes: where the system says that there is no room, so little is none.
LITTLE = 2 << 20
_LEAST = 64 << 10  # bytes: with less than this nothing of ours can be saved for long


def standing(path: Path, *, least: int = _LEAST) -> str:
    """What keeps the disk around a path from taking anything, and where it is mounted; empty where
    nothing does, as far as disk and system say. With less than `least` bytes it counts as full."""
    folder = next((one for one in (path, *path.parents) if one.exists()), Path("/"))
    try:
        found = os.statvfs(folder)
    except OSError as error:
        return f"{folder} cannot be looked at: {error.strerror}"
    if found.f_flag & os.ST_RDONLY:
        return f"the disk mounted at {mount(folder)} is read-only"
    if not found.f_blocks:
        return ""  # no disk: a file system that the kernel makes up
    free = found.f_bavail * found.f_frsize
    if free < least:
        return f"the disk mounted at {mount(folder)} is full ({free >> 10} KiB are free)"
    if found.f_files and not found.f_favail:
        return f"the disk mounted at {mount(folder)} takes no further file (no inodes are free)"
    return _limited()


def _limited() -> str:
    """What keeps this process from writing a file of any size."""
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if most == resource.RLIM_INFINITY or most >= LITTLE:
        return ""
    return f"no file may be larger than {most >> 10} KiB ({FILE_LIMIT})"


def mount(folder: Path) -> Path:
    """Where the disk that holds a folder is mounted."""
    here = folder.resolve()
    device = here.stat().st_dev
    while here.parent != here and here.parent.stat().st_dev == device:
        here = here.parent
    return here
