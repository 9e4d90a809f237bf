"""Repositories to carry rows out in: a copy of our own, and a generated one of any size."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

WHO = {
    f"GIT_{role}_{what}": "bench@example.invalid"
    for role in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}
_A_FOLDER = 40  # files in each folder of a generated repository


def git(folder: Path, *args: str, data: bytes | None = None) -> str:
    """Git, by someone whom a machine need not know; its output, stripped."""
    done = subprocess.run(
        ["git", *args],
        cwd=folder,
        env=os.environ | WHO,
        input=data,
        stdout=subprocess.PIPE,
        check=True,
    )
    return done.stdout.decode().strip()


def our_own(folder: Path) -> None:
    """A bare repository in `folder` with the history of the one that this file is in."""
    here = Path(
        git(Path(__file__).parent, "rev-parse", "--path-format=absolute", "--git-common-dir")
    )
    head = git(Path(__file__).parent, "rev-parse", "HEAD")
    git(folder.parent, "init", "-q", "--bare", "--initial-branch=main", str(folder))
    git(folder, "fetch", "-q", "--no-tags", str(here), f"{head}:refs/heads/main")


def generated(folder: Path, *, files: int, commits: int) -> None:
    """A bare repository in `folder` with so many files and commits, of which most change one."""
    git(folder.parent, "init", "-q", "--bare", "--initial-branch=main", str(folder))
    git(folder, "fast-import", "--quiet", data=b"".join(_history(files, commits)))
    git(folder, "repack", "-a", "-d", "-q")


def _history(files: int, commits: int) -> Iterator[bytes]:
    names = [
        f"part-{n // _A_FOLDER % 25}/module-{n // _A_FOLDER}/file-{n}.txt" for n in range(files)
    ]
    first = max(1, files // max(1, commits // 2))  # files that a commit of the first half adds
    added = 0
    for number in range(commits):
        last = number == commits - 1
        new = names[added:] if last else names[added : added + first]
        added += len(new)
        changed = new or [names[number * 7 % files]]
        yield b"commit refs/heads/main\n"
        yield f"committer Bench <bench@example.invalid> {1_700_000_000 + number} +0000\n".encode()
        yield _data(f"Change {number}\n")
        for name in changed:
            yield f"M 100644 inline {name}\n".encode()
            yield _data(f"{name}\n{number}\n" + "a line of it\n" * 20)


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%s\n" % (len(content), content)
