"""Commits of a few files on top of the base, without a checkout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from errors import GitError
from workspace.git import Git
from workspace.identity import RUNNER, identity_now
from workspace.objects import Objects
from workspace.store import Store
from workspace.tree_entries import TREE, Entry

TRAILER = "Mission-Status"  # by it the runner's commits of status are told from people's
_FILE = "100644"


def commit_files(
    git: Git, *, base: str, files: Mapping[str, bytes], message: str, author: str = RUNNER
) -> str | None:
    """The commit on top of `base` in which paths hold contents; None if they do there already.

    No ref points to it yet: `branches.move_base` makes it the base, and `checkout.fast_forward`
    takes the checkout along. The repository's attributes (line ends) apply, as to `git add`.

    Raises:
        GitError: A path cannot be a file there.
    """
    tree = before = git.tree(base)
    made = git.written(base)
    with git.objects() as store:
        for path, content in files.items():
            blob = git.run("hash-object", "-w", "--stdin", f"--path={path}", input=content).text
            tree = _with_blob(store, made, tree, PurePosixPath(path).parts, blob)
    if tree == before:
        return None
    return made.commit(
        tree,
        message=message,
        author=identity_now(author),
        committer=identity_now(RUNNER),
        parents=[base],
    )


def with_file_of(git: Git, tree: str, commit: str, path: str) -> str:
    """The tree in which `path` is what a commit has there.

    Raises:
        GitError: The commit has no file there, or the tree cannot have one.
    """
    blob = stored(git, commit, path)
    if blob is None:
        raise GitError(f"{commit[:12]} has no file {path}")
    with git.objects() as store:
        return _with_blob(store, git.written(commit), tree, PurePosixPath(path).parts, blob)


def _with_blob(
    store: Store, made: Objects, tree: str | None, parts: tuple[str, ...], blob: str
) -> str:
    """The tree that differs from `tree` (None: the empty one) in one file."""
    name, *below = parts
    held = () if tree is None else store.entries([tree])[0]
    entries = {entry.path: entry for entry in held}
    found = entries.get(name)
    mode = found.mode if found is not None else TREE if below else _FILE
    if below:
        if mode != TREE:
            raise GitError(f"{name} is no folder in the commit that {parts[-1]} goes into")
        oid = found.oid if found is not None else None
        new = _with_blob(store, made, oid, tuple(below), blob)
    else:
        if not mode.startswith("100"):
            raise GitError(f"{name} is no file in the commit that it goes into")
        new = blob
    if found is not None and found.oid == new:
        return str(tree)
    return made.tree([*(entries | {name: Entry(path=name, mode=mode, oid=new)}).values()])


def committed(git: Git, commit: str, path: str) -> bytes | None:
    """What a commit has at `path`, as a checkout would show it; None if it has no file there."""
    output = git.run("cat-file", "--filters", f"{commit}:{path}", check=False)
    return output.stdout.encode(errors="surrogateescape") if output.code == 0 else None


def stored(git: Git, commit: str, path: str) -> str | None:
    """The id of what a commit has at `path`; None if it has no file there. Where two commits have
    the same, `committed` has the same of both."""
    with git.objects() as store:
        found = store.find(f"{commit}:{path}")
    return found.oid if found is not None and found.kind == "blob" else None


def holds(git: Git, commit: str, path: str, content: bytes) -> bool:
    """Whether a commit stores just this at `path`: `commit_files` would change nothing there. Where
    attributes (line ends, filters) come in between, only that can tell."""
    with git.objects() as store:
        found = store.read(f"{commit}:{path}")
    return found is not None and found.kind == "blob" and found.content == content
