"""The hooks that a push runs (githooks(5)), where they are files of the tree: by `core.hooksPath`,
or because links in the repository's own folder lead there.

Agents write the tree: what they wrote is not to get the runner's environment, which holds tokens.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from workspace.process import allowed_environment
from workspace.repository import Repository

_OF_A_PUSH = ("pre-push", "reference-transaction")


def hook_folders(repository: Repository) -> frozenset[PurePosixPath]:
    """The folders of the tree that a push runs hooks from, as they are named and as links lead to
    them; none where the hooks are elsewhere."""
    if repository.bare:
        return frozenset()
    folder = repository.hooks
    places = [folder, folder.resolve()]
    places += [(folder / name).resolve().parent for name in _OF_A_PUSH]
    return frozenset(found for place in places if (found := _in_tree(repository, place)))


@contextmanager
def push_hooks(repository: Repository) -> Iterator[bool | Path]:
    """What `Git.run` is to be told for a push: hooks of the tree get the variables that any child
    may see (`workspace.process.ALLOWED`), a person's own are run as git does it."""
    hooks = [repository.hooks / name for name in _OF_A_PUSH]
    hooks = [hook for hook in hooks if os.access(hook, os.X_OK)]
    if not hooks:
        yield False
        return
    variables = [f"{name}={value}" for name, value in allowed_environment().items()]
    with tempfile.TemporaryDirectory(prefix="mission-") as place:
        for hook in hooks:
            parents = (hook.parent, hook.resolve().parent)
            of_tree = any(_in_tree(repository, parent) for parent in parents)
            # That we name the folder is not for what a hook does in other repositories.
            before = "" if of_tree else "unset GIT_CONFIG_PARAMETERS\n"
            bare = ["env", "-i", *variables] if of_tree else []
            run = shlex.join(["exec", *bare, str(hook)])
            file = Path(place, hook.name)
            file.write_bytes(os.fsencode(f'#!/bin/sh\n{before}{run} "$@"\n'))
            file.chmod(0o700)
        yield Path(place)


def _in_tree(repository: Repository, place: Path) -> PurePosixPath | None:
    """A folder by its path in the tree; None: it is in the repository's own folder, or outside."""
    top = repository.top.resolve()
    if place.is_relative_to(repository.common_dir) or not place.is_relative_to(top):
        return None
    return PurePosixPath(place.relative_to(top).as_posix())
