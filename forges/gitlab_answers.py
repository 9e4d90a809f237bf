"""What GitLab answers, as far as we read it.

From the REST API description of GitLab 18 (`/api/v4`).
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, TypeAdapter


class CommitId(BaseModel):
    """The commit at the head of a branch."""

    id: str


class BranchAnswer(BaseModel):
    """`GET /projects/{id}/repository/branches/{branch}`."""

    name: str
    commit: CommitId
    protected: bool = False


class PipelineAnswer(BaseModel):
    """An entry of `GET /projects/{id}/pipelines`."""

    id: int
    sha: str
    ref: str
    status: str
    source: str | None = None
    created_at: datetime | None = None


class JobAnswer(BaseModel):
    """An entry of `GET /projects/{id}/repository/commits/{sha}/statuses`: a job, or what another
    CI reports."""

    id: int
    sha: str
    ref: str | None = None
    name: str
    status: str
    allow_failure: bool = False
    created_at: datetime | None = None


class ProjectAnswer(BaseModel):
    """`GET /projects/{id}`."""

    id: int
    builds_access_level: str | None = None


class PullAnswer(BaseModel):
    """`GET /projects/{id}/merge_requests/{iid}`."""

    iid: int
    web_url: str
    state: str
    title: str
    description: str | None = None
    source_branch: str
    target_branch: str
    source_project_id: int | None = None
    target_project_id: int | None = None
    sha: str | None = None
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None
    detailed_merge_status: str | None = None


class IssueAnswer(BaseModel):
    """`GET /projects/{id}/issues/{iid}`."""

    iid: int
    state: str
    title: str
    web_url: str
    description: str | None = None
    labels: list[str] = []


class NoteAnswer(BaseModel):
    """An entry of `GET /projects/{id}/issues/{iid}/notes`."""

    id: int
    body: str = ""


BRANCH = TypeAdapter(BranchAnswer)
PIPELINES = TypeAdapter(list[PipelineAnswer])
JOBS = TypeAdapter(list[JobAnswer])
PROJECT = TypeAdapter(ProjectAnswer)
PULL = TypeAdapter(PullAnswer)
PULLS = TypeAdapter(list[PullAnswer])
ISSUE = TypeAdapter(IssueAnswer)
ISSUES = TypeAdapter(list[IssueAnswer])
NOTES = TypeAdapter(list[NoteAnswer])
