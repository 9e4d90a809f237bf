"""What GitHub answers, as far as we read it.

From the REST API description of version 2022-11-28.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, TypeAdapter

from forges import github_style
from forges.github_style import HookAnswer


class CommitId(BaseModel):
    """The commit at the head of a branch."""

    sha: str


class StatusChecks(BaseModel):
    """What the protection of a branch asks for; readers see this much of it."""

    contexts: list[str] = []


class Protection(BaseModel):
    """The protection of a branch, as readers see it."""

    required_status_checks: StatusChecks | None = None


class BranchAnswer(BaseModel):
    """`GET /repos/{owner}/{repo}/branches/{branch}`."""

    name: str
    commit: CommitId
    protected: bool = False
    protection: Protection | None = None


class CheckSuite(BaseModel):
    """What a check run belongs to. Runs of one name in two suites do not replace each other."""

    id: int


class CheckRunAnswer(BaseModel):
    """An entry of `GET /repos/{owner}/{repo}/commits/{ref}/check-runs`."""

    id: int
    name: str
    head_sha: str
    status: str
    conclusion: str | None = None
    started_at: datetime | None = None
    check_suite: CheckSuite | None = None


class CheckRunsAnswer(BaseModel):
    """`GET /repos/{owner}/{repo}/commits/{ref}/check-runs`."""

    total_count: int
    check_runs: list[CheckRunAnswer]


class StatusAnswer(BaseModel):
    """An entry of the combined status."""

    id: int
    state: str
    context: str
    created_at: datetime | None = None


class CombinedAnswer(BaseModel):
    """`GET /repos/{owner}/{repo}/commits/{ref}/status`. Its `state` is `pending` when there is no
    status at all, so only its entries are read."""

    sha: str
    total_count: int
    statuses: list[StatusAnswer]


class RunAnswer(BaseModel):
    """An entry of `GET /repos/{owner}/{repo}/actions/runs`."""

    id: int
    name: str | None = None
    path: str
    event: str
    head_sha: str
    head_branch: str | None = None
    status: str | None
    conclusion: str | None = None
    run_started_at: datetime | None = None


class RunsAnswer(BaseModel):
    """`GET /repos/{owner}/{repo}/actions/runs`."""

    total_count: int
    workflow_runs: list[RunAnswer]


class CountAnswer(BaseModel):
    """Any list of which only the length counts."""

    total_count: int


class PullAnswer(github_style.PullAnswer):
    """`GET /repos/{owner}/{repo}/pulls/{pull_number}`, and an entry of the list, which has
    `merged_at` but no `merged`."""

    merged_at: datetime | None = None


class MergeAnswer(BaseModel):
    """`PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge`."""

    merged: bool


class CommentAnswer(BaseModel):
    """An entry of `GET /repos/{owner}/{repo}/issues/{issue_number}/comments`."""

    id: int
    body: str | None = None


BRANCH = TypeAdapter(BranchAnswer)
CHECK_RUNS = TypeAdapter(CheckRunsAnswer)
COMBINED = TypeAdapter(CombinedAnswer)
RUNS = TypeAdapter(RunsAnswer)
COUNT = TypeAdapter(CountAnswer)
HOOKS = TypeAdapter(list[HookAnswer])
PULL = TypeAdapter(PullAnswer)
PULLS = TypeAdapter(list[PullAnswer])
MERGE = TypeAdapter(MergeAnswer)
COMMENTS = TypeAdapter(list[CommentAnswer])
