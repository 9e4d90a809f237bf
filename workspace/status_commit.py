"""Commits of a few files on top of the base, without a checkout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from errors import GitError
from workspace.git import Git
from workspace.identity import RUNNER, identity_environment

TRAILER = "Mission-Status"  # by it the runner's commits of status are told from people's
_FILE = "100644"
_FOLDER = "040000"


def commit_files(
    git: Git, *, base: str, files: Mapping[str, bytes], message: str, author: str = RUNNER
) -> str | None:
    """The commit on top of `base` in which paths hold contents; None if they do there already.

    No ref points to it yet: `landing.land` makes it the base, and `checkout.fast_forward` takes
    the checkout along. The repository's attributes (line ends) apply, as they do to `git add`.

    Raises:
        GitError: A path cannot be a file there.
    """
    tree = f"{base}^{{tree}}"
    for path, content in files.items():
        blob = git.run("hash-object", "-w", "--stdin", f"--path={path}", input=content).text
        tree = _with_blob(git, tree, PurePosixPath(path).parts, blob)
    if tree == git.tree(base):
        return None
    return git.run(
        "commit-tree", tree, "-p", base,
        input=message,
        environment=identity_environment(author, RUNNER),
    ).text  # fmt: skip


def _with_blob(git: Git, tree: str | None, parts: tuple[str, ...], blob: str) -> str:
    """The tree that differs from `tree` (None: the empty one) in one file."""
    name, *below = parts
    entries = {} if tree is None else _entries(git, tree)
    mode, _, oid = entries.get(name, (_FOLDER if below else _FILE, "", None))
    if below:
        if mode != _FOLDER:
            raise GitError(f"{name} is no folder in the commit that {parts[-1]} goes into")
        entries[name] = (_FOLDER, "tree", _with_blob(git, oid, tuple(below), blob))
    else:
        if not mode.startswith("100"):
            raise GitError(f"{name} is no file in the commit that it goes into")
        entries[name] = (mode, "blob", blob)
    lines = "".join(f"{mode} {kind} {oid}\t{name}\0" for name, (mode, kind, oid) in entries.items())
    # In a partial clone, what the other entries name need not be here.
    return git.run("mktree", "-z", "--missing", input=lines).text


def _entries(git: Git, tree: str) -> dict[str, tuple[str, str, str]]:
    """Name to mode, kind and object id."""
    entries = {}
    for field in git.run("ls-tree", "-z", tree).fields:
        facts, _, name = field.partition("\t")
        mode, kind, oid = facts.split(" ")
        entries[name] = (mode, kind, oid)
    return entries


def committed(git: Git, commit: str, path: str) -> bytes | None:
    """What a commit has at `path`, as a checkout would show it; None if it has no file there."""
    output = git.run("cat-file", "--filters", f"{commit}:{path}", check=False)
    return output.stdout.encode(errors="surrogateescape") if output.code == 0 else None
