"""What can refuse a run at once: looked at before Prefect starts and before any agent works."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from errors import CheckoutBlockedError, GitError, UsageError
from mission.place import Place
from workspace import ahead
from workspace.checkout import edited_files, unpublished
from workspace.git import Git
from workspace.repository import Repository
from workspace.status_commit import stored

_NAMED = 5  # files in a message


def repository_of(place: Place) -> Path:
    """The top folder of the repository around a mission.

    Raises:
        UsageError: There is none.
    """
    if place.repository is None:
        raise UsageError(
            f"{place.task_file} is not in a git repository",
            hint="Work is done on branches: "
            f"`git init {quote(str(place.folder))}`, and commit the file",
        )
    return place.repository


def refuse_without_commit(git: Git, task_file: str) -> None:
    """Refuse a repository in which nothing was ever committed: nobody could start from it.

    Raises:
        GitError: With what to type first.
    """
    if git.commit("HEAD") is None and not git.run("remote", check=False).text:
        raise GitError(
            f"{git.folder} has no commit yet",
            hint=f"Work starts from one: `git add {quote(task_file)} && git commit -m Plan`",
        )


def warnings(repository: Repository, task_file: str) -> tuple[str, ...]:
    """What is said before anything starts, and keeps nothing from starting: a line each.

    Args:
        repository: Where the run would be.
        task_file: Its path in the repository.
    """
    found = (_other_branch(repository, task_file), _edits(repository, task_file))
    return tuple(told for told in found if told)


def _other_branch(repository: Repository, task_file: str) -> str:
    """Another branch than the base is checked out, whose task file is not the base's."""
    git, base = repository.git, repository.base
    head = "" if repository.bare else git.run("rev-parse", "--symbolic-full-name", "HEAD").text
    known = git.commit(repository.base_ref)
    if head in ("", repository.local_base_ref) or known is None:
        return ""
    if stored(git, known, task_file) is None:
        return ""
    name = "no branch" if head == "HEAD" else head.removeprefix("refs/heads/")
    return (
        f"{name} is checked out in {repository.top}, and not {base}: the plan that is carried out, "
        f"with its statuses, is that of {base}; {task_file} there is left alone"
    )


def _edits(repository: Repository, task_file: str) -> str:
    """Changes that may keep the checkout behind."""
    edited = edited_files(repository, keep=(task_file,))
    if not edited:
        return ""
    named = ", ".join(edited[:_NAMED])
    more = len(edited) - _NAMED
    files = f"{named} and {more} more" if more > 0 else named
    return (
        f"Not committed in {repository.top}: {files}. Where a merge changes one of these, the "
        "checkout stays behind the base; rows go on, merge and become done all the same"
    )


def check_base(repository: Repository) -> None:
    """Whether merges have a base to go to, and the checkout could follow them.

    The remote is asked only where what it last said speaks against it: it may be out of date.

    Raises:
        GitError: There is no such branch, or the remote cannot say so.
        CheckoutBlockedError: The base checked out here has commits that the remote has not. No
            merge could reach it, so no agent need work for one.
    """
    base = repository.base
    named = quote(base)
    if repository.git.commit(repository.base_ref) is None:
        repository.fetch_base()
    if repository.remote is not None and ahead.is_needed(repository.git, repository.base_ref, base):
        raise CheckoutBlockedError(
            f"{repository.top} has merges of the time before {repository.remote} was its remote",
            files=(),
            hint=f"`git switch {named} && git merge {quote(ahead.name_of(base))} && git push "
            f"{quote(repository.remote)} {named}` puts them there",
        )
    if unpublished(repository):
        repository.fetch_base()
        number = unpublished(repository)
        if number:
            remote = repository.remote
            raise CheckoutBlockedError(
                f"{base} has {number} commit{'s' if number > 1 else ''} that {remote} has not",
                files=(),
                hint=f"`git push {quote(str(remote))} {named}`, or move them to another branch; "
                f"`git log {quote(f'{remote}/{base}..{base}')}` lists them",
            )
