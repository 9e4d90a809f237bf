"""What can refuse a run at once: looked at before Prefect starts and before any agent works."""

from __future__ import annotations

from pathlib import Path

from errors import CheckoutBlockedError, GitError, UsageError
from mission.place import Place
from workspace.checkout import unpublished
from workspace.git import Git
from workspace.repository import Repository


def repository_of(place: Place) -> Path:
    """The top folder of the repository around a mission.

    Raises:
        UsageError: There is none.
    """
    if place.repository is None:
        raise UsageError(
            f"{place.task_file} is not in a git repository",
            hint="Work is done on branches: run `git init` there first, and commit the file",
        )
    return place.repository


def refuse_without_commit(git: Git) -> None:
    """Refuse a repository in which nothing was ever committed: nobody could start from it.

    Raises:
        GitError: With what to type first.
    """
    if git.commit("HEAD") is None and not git.run("remote", check=False).text:
        raise GitError(
            f"{git.folder} has no commit yet",
            hint="Work starts from one: `git add` the task file, and `git commit`",
        )


def check_base(repository: Repository) -> None:
    """Whether merges have a base to go to, and the checkout could follow them.

    The remote is asked only where what it last said speaks against it: it may be out of date.

    Raises:
        GitError: There is no such branch, or the remote cannot say so.
        CheckoutBlockedError: The base checked out here has commits that the remote has not. No
            merge could reach it, so no agent need work for one.
    """
    if repository.git.commit(repository.base_ref) is None:
        repository.fetch_base()
    if unpublished(repository):
        repository.fetch_base()
        number = unpublished(repository)
        if number:
            base, remote = repository.base, repository.remote
            raise CheckoutBlockedError(
                f"{base} has {number} commit{'s' if number > 1 else ''} that {remote} has not",
                files=(),
                hint=f"`git push {remote} {base}`, or move them to another branch; "
                f"`git log {remote}/{base}..{base}` lists them",
            )
