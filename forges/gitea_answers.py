"""What Gitea and Forgejo answer, as far as we read it.

From the API descriptions of Gitea 1.26 and Forgejo 12 (`/api/v1`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, TypeAdapter

from forges import github_style
from forges.github_style import HookAnswer

Entry = TypeVar("Entry")


def _no_list_is_an_empty_one(value: object) -> object:
    """Go writes an empty list as null."""
    return [] if value is None else value


def _year_zero_is_no_time(value: object) -> object:
    """Go writes a time that is not set as the year 1."""
    return None if isinstance(value, str) and value.startswith("0001-") else value


Entries = Annotated[list[Entry], BeforeValidator(_no_list_is_an_empty_one)]
Time = Annotated[datetime | None, BeforeValidator(_year_zero_is_no_time)]


class CommitId(BaseModel):
    """The commit at the head of a branch."""

    id: str


class BranchAnswer(BaseModel):
    """`GET /repos/{owner}/{repo}/branches/{branch}`."""

    name: str
    commit: CommitId
    protected: bool = False
    enable_status_check: bool = False
    status_check_contexts: Entries[str] = []


class StatusAnswer(BaseModel):
    """An entry of `GET /repos/{owner}/{repo}/commits/{ref}/statuses`."""

    id: int
    status: str
    context: str
    url: str = ""  # ends in the commit's id
    updated_at: Time = None
    created_at: Time = None


class RunAnswer(BaseModel):
    """An entry of `GET /repos/{owner}/{repo}/actions/runs`, as either of the two writes it."""

    id: int
    status: str
    conclusion: str | None = None  # Gitea only, when the status is completed
    commit: str = Field(validation_alias=AliasChoices("head_sha", "commit_sha"))
    branch: str | None = Field(
        default=None, validation_alias=AliasChoices("head_branch", "prettyref")
    )
    workflow: str = Field(validation_alias=AliasChoices("path", "workflow_id"))
    event: str = ""
    began: Time = Field(default=None, validation_alias=AliasChoices("started_at", "created"))


class RunsAnswer(BaseModel):
    """`GET /repos/{owner}/{repo}/actions/runs`."""

    total_count: int
    workflow_runs: Entries[RunAnswer]


class VersionAnswer(BaseModel):
    """`GET /version`."""

    version: str


class RepositoryAnswer(BaseModel):
    """`GET /repos/{owner}/{repo}`."""

    full_name: str
    has_actions: bool | None = None  # None on versions that do not say


class PullAnswer(github_style.PullAnswer):
    """`GET /repos/{owner}/{repo}/pulls/{index}`."""

    merged: bool


class CommentAnswer(BaseModel):
    """An entry of `GET /repos/{owner}/{repo}/issues/{index}/comments`."""

    id: int
    body: str = ""


BRANCH = TypeAdapter(BranchAnswer)
STATUSES = TypeAdapter(Entries[StatusAnswer])
RUNS = TypeAdapter(RunsAnswer)
VERSION = TypeAdapter(VersionAnswer)
REPOSITORY = TypeAdapter(RepositoryAnswer)
HOOKS = TypeAdapter(Entries[HookAnswer])
PULL = TypeAdapter(PullAnswer)
PULLS = TypeAdapter(Entries[PullAnswer])
COMMENTS = TypeAdapter(Entries[CommentAnswer])
