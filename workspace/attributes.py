"""How git stores, shows and merges a path: what the attributes of a commit say about it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from workspace.git import Git

_FILE = ".gitattributes"


def changes_attributes(git: Git, base: str, head: str, files: Iterable[str], path: str) -> bool:
    """Whether `head`, which changes `files` since it left `base`, has other attributes (line ends,
    encodings, filters) for a path."""
    if not any(PurePosixPath(file).name.casefold() == _FILE for file in files):
        return False
    common = git.run("merge-base", base, head, check=False).text or base
    return _attributes(git, common, path) != _attributes(git, head, path)


def _attributes(git: Git, commit: str, path: str) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory(prefix="mission-") as folder:
        scratch = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        git.run("read-tree", commit, environment=scratch)
        return git.run("check-attr", "--cached", "-z", "-a", "--", path, environment=scratch).fields


@contextmanager
def attributes_of(git: Git, commit: str) -> Iterator[Git]:
    """Git for commands that read attributes from files (`merge-tree` does): those of `commit`.

    Without it they come from whatever somebody has checked out, changed or not.
    """
    git_dir = git.git_dir or Path(git.text("rev-parse", "--absolute-git-dir"))
    with tempfile.TemporaryDirectory(prefix="mission-") as folder:
        for path in git.run("ls-tree", "-r", "-z", "--name-only", commit).fields:
            parts = PurePosixPath(path).parts
            if parts[-1:] == (_FILE,) and ".." not in parts:  # git checks no such tree out
                text = git.run("cat-file", "blob", f"{commit}:{path}", check=False).stdout
                file = Path(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(os.fsencode(text))
        yield Git(Path(folder), git_dir)
