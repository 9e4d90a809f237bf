"""Looks for a squash commit as the runner does."""

from __future__ import annotations

from policy.merged import Merge, standing
from workspace import base_log
from workspace.git import Git
from workspace.squash import one_line


def find_merge(git: Git, reach: str, task: str, attempt: int = 1) -> str | None:
    """The commit in `reach` with which an attempt was merged."""
    return next((one.commit for one in landings(git, reach, task, attempt)), None)


def landings(git: Git, reach: str, task: str, attempt: int) -> list[Merge]:
    """The merges of an attempt that stand."""
    wanted = (one_line(task), str(attempt))
    return [one for one in standing(base_log.read(git, reach)) if (one.task, one.attempt) == wanted]
