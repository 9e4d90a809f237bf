"""How git stores, shows and merges a path: what the attributes of a commit say about it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from workspace.git import Git
from workspace.tree_entries import ATTRIBUTES, SUBMODULE


def changes_attributes(git: Git, base: str, head: str, files: Iterable[str], path: str) -> bool:
    """Whether `head`, which changes `files` since it left `base`, has other attributes (line ends,
    encodings, filters) for a path."""
    if not any(PurePosixPath(file).name.casefold() == ATTRIBUTES for file in files):
        return False
    common = git.merge_base(base, head)
    return _attributes(git, common, path) != _attributes(git, head, path)


def _attributes(git: Git, commit: str, path: str) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory(prefix="mission-") as folder:
        scratch = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        git.run("read-tree", commit, environment=scratch)
        return git.run("check-attr", "--cached", "-z", "-a", "--", path, environment=scratch).fields


def _leads_out(path: PurePosixPath) -> bool:
    """Whether a path of a tree is none in it. Git checks no such tree out, and stores it."""
    return path.is_absolute() or ".." in path.parts


@contextmanager
def attributes_of(git: Git, commit: str) -> Iterator[Git]:
    """Git for commands that read attributes from files (`merge-tree` does): those of `commit`.

    Without it they come from whatever somebody has checked out, changed or not.
    """
    with git.objects() as store, tempfile.TemporaryDirectory(prefix="mission-") as folder:
        for entry in store.marked(git.tree(commit)):
            if entry.mode != SUBMODULE and not _leads_out(PurePosixPath(entry.path)):
                found = store.read(entry.oid)
                file = Path(folder, entry.path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(found.content if found is not None else b"")
        yield Git(Path(folder), store.git_dir, stop=git.stop)
