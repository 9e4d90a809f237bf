"""How git stores and shows a path: what the attributes of a commit say about it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
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
