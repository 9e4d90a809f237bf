"""Commits on a task's branch that somebody else has made, here or on the remote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from errors import GitError
from workspace.branches import remote_tip
from workspace.repository import Repository


@dataclass(frozen=True, kw_only=True, slots=True)
class Tips:
    """Where a branch is."""

    here: str | None  # in this repository
    there: str | None  # on the remote, as it says now; its commits are here too

    @property
    def all(self) -> tuple[str, ...]:
        """Both, each once."""
        return tuple(dict.fromkeys(tip for tip in (self.here, self.there) if tip is not None))


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreign:
    """Commits that neither the base nor any attempt has."""

    count: int
    authors: tuple[str, ...]  # `Name <address>`, who made most of them first


def tips_and_base(repository: Repository, branch: str) -> tuple[Tips, str]:
    """As `tips`, and the tip of the base, with one question to the remote where the base has not
    moved.

    Raises:
        GitError: The remote cannot be reached, or has no base.
    """
    if repository.remote is None or (repository.common_dir / "shallow").exists():
        return tips(repository, branch), repository.fetch_base()
    refs = (repository.local_base_ref, f"refs/heads/{branch}")
    listed = repository.git.text("ls-remote", repository.remote, *refs)
    known = {ref: tip for tip, _, ref in (line.partition("\t") for line in listed.split("\n"))}
    base = repository.git.commit(repository.base_ref)
    if base is None or known.get(repository.local_base_ref) != base:
        base = repository.fetch_base()
    return _fetched(repository, branch, known.get(refs[1])), base


def tips(repository: Repository, branch: str) -> Tips:
    """Ask where a branch is, and fetch what the remote's holds.

    Raises:
        GitError: The remote cannot be reached.
    """
    return _fetched(repository, branch, remote_tip(repository, branch))


def _fetched(repository: Repository, branch: str, there: str | None) -> Tips:
    git, ref = repository.git, f"refs/heads/{branch}"
    if there is not None and repository.remote is not None and git.commit(there) is None:
        tracking = f"refs/remotes/{repository.remote}/{branch}"
        git.run(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", repository.remote,
            f"+{ref}:{tracking}",
        )  # fmt: skip
        there = git.commit(tracking)
    return Tips(here=git.commit(ref), there=there)


def foreign(
    repository: Repository, found: Tips, *, base: str, known: Collection[str]
) -> Foreign | None:
    """What a branch holds that somebody else made; None: nothing.

    Args:
        found: Where it is.
        base: A commit of the base; what it holds is nobody's of these.
        known: Commits of attempts, with all that they build on. Some may be here no more.

    Raises:
        GitError: Git cannot tell.
    """
    git = repository.git
    new = [tip for tip in found.all if not git.is_ancestor(tip, of=base)]
    if not new:
        return None
    ours = [f"^{commit}" for commit in known if git.commit(commit) is not None]
    made = git.run(
        "log", "--format=%an <%ae>%x00", "--end-of-options", *new, f"^{base}", *ours, "--"
    ).fields
    authors = Counter(author.strip() for author in made)
    if not authors:
        return None
    return Foreign(count=len(made), authors=tuple(name for name, _ in authors.most_common()))


def newest(repository: Repository, found: Tips) -> str | None:
    """The tip that holds the other one; None: the branch is nowhere.

    Raises:
        GitError: Neither does.
    """
    git = repository.git
    if found.here is None or found.there is None:
        return found.here or found.there
    if git.is_ancestor(found.there, of=found.here):
        return found.here
    if git.is_ancestor(found.here, of=found.there):
        return found.there
    raise GitError(
        f"the branch is at {found.here[:10]} here and at {found.there[:10]} on "
        f"{repository.remote}, and neither holds the other",
        hint="Merge or rebase one onto the other, or reset one to the other",
    )
