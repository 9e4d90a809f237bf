"""Files of git's own, in folders that others may have written to: read only where they are files.

A pipe in the place of one would keep whoever reads it waiting for ever, and a link lead elsewhere.
"""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import stat
from pathlib import Path

# What git keeps of an operation that is under way.
_UNDER_WAY = (
    *("MERGE_HEAD", "MERGE_MSG", "MERGE_MODE", "CHERRY_PICK_HEAD", "REVERT_HEAD"),
    *("rebase-merge", "rebase-apply", "sequencer"),
)
# What `--autostash` laid aside. Git puts it on the stash when an operation is given up: on the
# stash of the folder that it is carried to.
_AUTOSTASH = "autostash"
_LONGEST = 1 << 20  # bytes
AUTOSTASHES = ("rebase-merge/autostash", "rebase-apply/autostash", "MERGE_AUTOSTASH")


def is_file(path: Path) -> bool:
    """Whether it is a regular file itself, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether it is a folder itself, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def start_of(file: Path) -> bytes:
    """What a file begins with: all of one of git's that names something. Somebody may have put one
    there that is as large as they like."""
    with file.open("rb") as opened:
        return opened.read(_LONGEST)


def commits_in(file: Path) -> list[str]:
    """The object ids in a file; none where there is no such file."""
    words = start_of(file).decode("utf-8", "replace").split() if is_file(file) else []
    return [word for word in words if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", word)]


def indexes(folder: Path) -> list[str]:
    """The index and, where it is split, its other part."""
    names = [entry.name for entry in folder.glob("sharedindex.*")]
    return [name for name in ("index", *names) if is_file(folder / name)]


def copy_indexes(source: Path, target: Path) -> None:
    """The index of one git folder, in place of that of another."""
    for name in indexes(target):
        (target / name).unlink()
    for name in indexes(source):
        copy_file(source / name, target / name)


def same_indexes(one: Path, other: Path) -> bool:
    """Whether two git folders have the same index, byte by byte, and have one."""
    names = indexes(one)
    return (
        "index" in names
        and names == indexes(other)
        and all(filecmp.cmp(one / name, other / name, shallow=False) for name in names)
    )


def leads_to(head: Path, ref: str) -> bool:
    """Whether a HEAD is a file that leads to this ref."""
    return is_file(head) and start_of(head) == os.fsencode(f"ref: {ref}\n")


def carry(source: Path, target: Path) -> None:
    """What is under way, from one git folder to another, in place of what is under way there. What
    was laid aside for it stays behind."""
    for name in _UNDER_WAY:
        delete(target / name)
        if is_folder(source / name):
            shutil.copytree(source / name, target / name, ignore=_not_carried)
        elif is_file(source / name):
            shutil.copyfile(source / name, target / name)


def _not_carried(folder: str, names: list[str]) -> list[str]:
    found = ((name, Path(folder, name)) for name in names)
    return [
        name for name, path in found if name == _AUTOSTASH or not (is_file(path) or is_folder(path))
    ]


def copy_file(source: Path, target: Path) -> None:
    """Make `target` a copy of `source`, or be missing where that is."""
    delete(target)
    if source.is_file():
        shutil.copyfile(source, target)


def write(path: Path, text: str) -> None:
    """Make `path` a file of its own with this text, whatever is there."""
    delete(path)
    path.write_bytes(os.fsencode(text))


def delete(path: Path) -> None:
    """Remove what is there, if anything is; a link, not what it leads to."""
    if is_folder(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def delete_special(folder: Path) -> None:
    """Remove, in a folder and all below it, what is neither a file nor a folder."""
    for where, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(where, name)
            if not (is_file(path) or is_folder(path)):
                path.unlink()


def link(worktree: Path, git_dir: Path) -> None:
    """Let a worktree's `.git` lead to a git folder. A repository that somebody put there in its
    place stays: there may be work in it."""
    mark = worktree / ".git"
    if is_folder(worktree) and not is_folder(mark):
        write(mark, f"gitdir: {git_dir}\n")
