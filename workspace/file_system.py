"""What the file system of a folder tells of its files."""

from __future__ import annotations

import os
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
# Those that note every change of a file's content in its time of change, which nobody can set. Not
# memory (tmpfs): who has read a file there through his memory then writes to it unnoticed. Nor what
# comes over a network, or out of another machine's folders: times are what the other side says.
_TELLING = frozenset({"ext4", "f2fs", "xfs"})


def times_tell(folder: Path) -> bool:
    """Whether a file in `folder` that was changed has another time of change (st_ctime), whoever
    changed it and however."""
    try:
        device = folder.lstat().st_dev
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    number = f"{os.major(device)}:{os.minor(device)}"
    # proc_pid_mountinfo(5): id, parent, device, root, place, options, others, a dash, the type
    lines = [line.split(" ") for line in mounts.splitlines()]
    types = {line[line.index("-") + 1] for line in lines if line[2:3] == [number] and "-" in line}
    return bool(types) and types <= _TELLING
