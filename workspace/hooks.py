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

from errors import GitError
from workspace.hook_files import OF_A_PUSH, hooks_in, seen
from workspace.process import allowed_environment
from workspace.repository import Repository

# What goes along with a push (`workspace.shared_refs`) is no work that a hook has to look at.
_PRE_PUSH = "pre-push"
_WORK = r"sed -e '/ refs\/mission-runner\//d' -e '/ refs\/heads\/mission-runner\//d'"


def hook_folders(repository: Repository) -> frozenset[PurePosixPath]:
    """The folders of the tree that a push runs hooks from, as they are named and as links lead to
    them; none where the hooks are elsewhere."""
    if repository.bare:
        return frozenset()
    folder = repository.hooks
    places = [folder, folder.resolve()]
    places += [(folder / name).resolve().parent for name in OF_A_PUSH]
    return frozenset(found for place in places if (found := _in_tree(repository, place)))


@contextmanager
def push_hooks(repository: Repository) -> Iterator[bool | Path]:
    """What `Git.run` is to be told for a push: hooks of the tree get the variables that any child
    may see (`workspace.process.ALLOWED`), a person's own are run as git does it.

    Raises:
        GitError: One of a person's own is not what it was when the repository was opened.
    """
    hooks = hooks_in(repository.hooks)
    _refuse_changed(repository)
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
            run = f'{shlex.join([*bare, str(hook)])} "$@"'
            run = f"{_WORK} | {run}" if hook.name == _PRE_PUSH else f"exec {run}"
            file = Path(place, hook.name)
            file.write_bytes(os.fsencode(f"#!/bin/sh\n{before}{run}\n"))
            file.chmod(0o700)
        yield Path(place)


def _refuse_changed(repository: Repository) -> None:
    """A person's own get all that the runner's environment holds, so a person has to know of them.

    Those of the tree get less, and change with it, by work that a person has agreed to. Those in
    the repository's own folder are among its settings: `workspace.settings` watches over them.
    """
    folder = repository.hooks
    if folder.is_relative_to(repository.common_dir) or _in_tree(repository, folder) is not None:
        return
    now = seen(folder)
    changed = sorted(
        name
        for name in {*now, *repository.hooks_seen}
        if now.get(name) != repository.hooks_seen.get(name)
    )
    if changed:
        raise GitError(
            f"hooks in {folder} were changed during the run: {', '.join(changed)}",
            hint="They would see the runner's environment: look at them, and let the next run push",
        )


def _in_tree(repository: Repository, place: Path) -> PurePosixPath | None:
    """A folder by its path in the tree; None: it is in the repository's own folder, or outside."""
    top = repository.top.resolve()
    if place.is_relative_to(repository.common_dir) or not place.is_relative_to(top):
        return None
    return PurePosixPath(place.relative_to(top).as_posix())
