"""What can refuse a run at once: looked at before Prefect starts and before any agent works."""

from __future__ import annotations

from pathlib import Path

from agents.known_types import refuse_unknown_types
from mission.config import MissionConfig, load_config
from mission.errors import CheckoutBlockedError, TaskFileError, UsageError
from mission.place import Place
from tasks_md.finding import Severity
from tasks_md.lint import lint
from tasks_md.model import Plan
from tasks_md.parse import read
from workspace.checkout import unpublished
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


def read_sound(place: Place) -> tuple[MissionConfig, Plan]:
    """The configuration and the plan, if a run could carry them out.

    Raises:
        ConfigError: `mission.yaml` has a mistake.
        TaskFileError: The task file cannot be read, or lint finds errors in it.
    """
    config = load_config(place.config_file)
    refuse_unknown_types(config, place.config_file)
    plan = read(place.task_file, config.dialect)
    refuse_errors(plan)
    return config, plan


def refuse_errors(plan: Plan) -> None:
    """Refuse to carry out a task file that lint finds errors in.

    Raises:
        TaskFileError: With the first of them.
    """
    errors = [one for one in lint(plan) if one.severity is Severity.ERROR]
    if errors:
        first = errors[0]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise TaskFileError(
            f"{first.message}{more}",
            hint=f"{first.hint}; `mission check` shows all findings",
            path=first.path,
            line=first.line,
            column=first.column,
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
