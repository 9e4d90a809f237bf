"""The hooks that a push runs (githooks(5)), where they are files of the tree (`core.hooksPath`).

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


def hooks_in_tree(repository: Repository) -> PurePosixPath | None:
    """The folder of the tree, by its path there, that hooks are run from; None: it is elsewhere."""
    if repository.bare:
        return None
    # `hooks`: as git finds them, and not as we switch them off.
    told = repository.git.run("rev-parse", "--git-path", "hooks", hooks=True).text
    folder = Path(os.path.normpath(repository.top / told))
    if folder.is_relative_to(repository.common_dir) or not folder.is_relative_to(repository.top):
        return None
    return PurePosixPath(folder.relative_to(repository.top).as_posix())


def decides_hooks(repository: Repository, path: str) -> bool:
    """Whether a file of the tree is one of its hooks, or beside them: tools make hooks of what is
    in the folder around theirs."""
    folder = hooks_in_tree(repository)
    around = folder.parts[:1] if folder is not None else None
    return around is not None and PurePosixPath(path).parts[: len(around)] == around


@contextmanager
def push_hooks(repository: Repository) -> Iterator[bool | Path]:
    """What `Git.run` is to be told for a push: hooks of the tree get the variables that any child
    may see (`workspace.process.ALLOWED`), a person's own are run as git does it."""
    folder = hooks_in_tree(repository)
    if folder is None:
        yield True
        return
    variables = [f"{name}={value}" for name, value in allowed_environment().items()]
    with tempfile.TemporaryDirectory(prefix="mission-") as place:
        for name in _OF_A_PUSH:
            hook = repository.top / folder / name
            if os.access(hook, os.X_OK):
                run = shlex.join(["exec", "env", "-i", *variables, str(hook)])
                file = Path(place, name)
                file.write_bytes(os.fsencode(f'#!/bin/sh\n{run} "$@"\n'))
                file.chmod(0o700)
        yield Path(place)
