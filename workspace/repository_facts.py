"""What a repository that has no mission yet says about itself: its base, its remote."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from errors import UsageError
from workspace.git import Git
from workspace.remotes import remotes

_USUAL_REMOTE = "origin"
_USUAL_BASES = ("main", "master", "trunk", "develop")


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryFacts:
    """A repository with a work tree."""

    top: Path
    base: str  # the branch that work is merged into
    has_commit: bool
    remote: str | None
    remote_url: str | None


def repository_facts(folder: Path, base: str | None = None) -> RepositoryFacts:
    """Look at the repository around `folder`. Nothing is changed, and no remote is asked.

    Args:
        base: The branch that a person named.

    Raises:
        UsageError: There is none, it has no work tree, or it does not tell which branch is meant.
    """
    git = Git(folder)
    shown = git.run("rev-parse", "--show-toplevel", check=False)
    if shown.code != 0:
        bare = git.run("rev-parse", "--is-bare-repository", check=False)
        if bare.text == "true":
            raise UsageError(
                f"{folder} is a bare repository: it has no files to work on",
                hint="Go into a clone of it: "
                f"`git clone {shlex.join([str(folder), str(_beside(folder))])}` makes one",
            )
        if "dubious ownership" in shown.stderr:
            named = re.search("safe\\.directory (.+)", shown.stderr)
            top = named[1].strip("'\"") if named is not None else str(folder)
            raise UsageError(
                f"the repository around {folder} belongs to another user",
                hint=f"Trust it with `git config --global --add safe.directory {shlex.quote(top)}`",
            )
        raise UsageError(
            f"{folder} is in no git repository",
            hint=f"Make one with `git init {shlex.quote(str(folder))}`, and type this again",
        )
    top = Path(shown.stdout.removesuffix("\n")).resolve()
    remote = _remote(git)
    return RepositoryFacts(
        top=top,
        base=base if base is not None else _base(git, remote),
        has_commit=git.commit("HEAD") is not None,
        remote=remote,
        remote_url=_url(git, remote) if remote is not None else None,
    )


def _beside(bare: Path) -> Path:
    """A folder for a clone of a bare repository, where nothing is yet."""
    name = bare.absolute().name.removesuffix(".git")
    names = (name, *(f"{name}-{number or 'clone'}" for number in range(100)))
    return next(
        there for one in names if not os.path.lexists(there := bare.absolute().parent / one)
    )


def _remote(git: Git) -> str | None:
    names = remotes(git)
    return _USUAL_REMOTE if _USUAL_REMOTE in names else next(iter(names), None)


def _url(git: Git, remote: str) -> str | None:
    url = git.run("remote", "get-url", remote, check=False)
    return url.text if url.code == 0 else None


def _base(git: Git, remote: str | None) -> str:
    """The remote's own default branch, else a usual name, else the branch that is checked out."""
    if remote is not None:
        prefix = f"refs/remotes/{remote}/"
        head = git.run("symbolic-ref", "--quiet", f"{prefix}HEAD", check=False)
        if head.code == 0 and head.text.startswith(prefix):
            return head.text.removeprefix(prefix)
    current = git.run("symbolic-ref", "--quiet", "--short", "HEAD", check=False)
    here = current.text if current.code == 0 else None
    listed = git.run("for-each-ref", "--format=%(refname:strip=2)", "refs/heads/", check=False)
    heads = listed.text.split()
    usual = (name for name in (here, *_USUAL_BASES) if name in _USUAL_BASES and name in heads)
    found = next(usual, here)
    if found:
        return found
    raise UsageError(
        "no branch is checked out, and none is called " + " or ".join(_USUAL_BASES),
        hint="Name the branch to merge into with `--base`",
    )
