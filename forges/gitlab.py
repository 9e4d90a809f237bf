"""GitLab: pipelines, their jobs, and what other CIs report as commit statuses. REST API v4."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self
from urllib.parse import quote

from pydantic import JsonValue

from forges import gitlab_answers as answers
from forges.answers import Answer
from forges.errors import NotFoundError, NotYetError, RefusedError
from forges.http import Api, Parameters
from forges.paging import Page, read_all
from forges.protocol import Branch, Comment, Issue, Pull, PullState, PullText
from forges.reports import CiReport, CiState
from forges.words import PIPELINE_WORDS, said
from workspace.process import Stop

_PAGE = 100
_ACTIVE = (CiState.QUEUED, CiState.RUNNING, CiState.UNKNOWN)
# `detailed_merge_status` while GitLab still computes whether a merge is possible. `mergeable` after
# a refusal means that it has just found out.
_NOT_YET = ("checking", "unchecked", "preparing", "approvals_syncing", "mergeable")


@dataclass(frozen=True, kw_only=True)
class GitLab:
    """A project on GitLab."""

    api: Api
    repository: str  # group/subgroup/name

    @property
    def name(self) -> str:
        return f"gitlab {self.api.host}/{self.repository}"

    def within(self, patience: timedelta | None, stop: Stop | None = None) -> Self:
        return replace(self, api=self.api.within(patience, stop))

    # What the queue guard reads.

    def branch(self, name: str) -> Branch | None:
        path = f"{self._path}/repository/branches/{quote(name, safe='')}"
        try:
            found = self.api.get(path).read(answers.BRANCH)
        except NotFoundError:
            return None
        return Branch(name=name, commit=found.commit.id, protected=found.protected)

    def reports(self, commit: str) -> tuple[CiReport, ...]:
        pipelines = self._pipelines({"sha": commit})
        jobs = read_all(
            self.api,
            f"{self._path}/repository/commits/{commit}/statuses",
            {"per_page": _PAGE},
            _jobs_page,
            lambda job: job.id,
        )
        return (
            *(_pipeline_report(pipeline) for pipeline in pipelines),
            *(_job_report(job) for job in jobs),
        )

    def active(self, branches: Collection[str]) -> Mapping[str, tuple[CiReport, ...]]:
        """Among the latest hundred pipelines of each branch: an older one does not still run."""
        found = {
            branch: self.api.get(
                f"{self._path}/pipelines", {"ref": branch, "per_page": _PAGE}
            ).read(answers.PIPELINES)
            for branch in branches
        }
        reports = {
            branch: [_pipeline_report(pipeline) for pipeline in pipelines]
            for branch, pipelines in found.items()
        }
        return {
            branch: tuple(report for report in some if report.state in _ACTIVE)
            for branch, some in reports.items()
        }

    def has_ci(self, commit: str) -> bool | None:
        """CI is switched off for the project; then nobody can report a status either."""
        found = self.api.get(self._path).read(answers.PROJECT)
        return False if found.builds_access_level == "disabled" else None

    def _pipelines(self, parameters: Parameters) -> list[answers.PipelineAnswer]:
        return read_all(
            self.api,
            f"{self._path}/pipelines",
            {**parameters, "per_page": _PAGE},
            _pipelines_page,
            lambda pipeline: pipeline.id,
        )

    # Merge requests.

    def pulls(self, branch: str, base: str) -> tuple[Pull, ...]:
        found = read_all(
            self.api,
            f"{self._path}/merge_requests",
            {
                "source_branch": branch,
                "target_branch": base,
                "state": "all",
                "per_page": _PAGE,
            },
            _pulls_page,
            lambda pull: pull.iid,
        )
        ours = [_pull(pull) for pull in found if pull.source_project_id == pull.target_project_id]
        return tuple(sorted(ours, key=lambda pull: pull.number, reverse=True))

    def pull(self, number: int) -> Pull:
        return _pull(self._read_pull(number))

    def open_pull(self, text: PullText) -> Pull:
        body = {
            "source_branch": text.branch,
            "target_branch": text.base,
            "title": text.title,
            "description": text.body,
        }
        answer = self.api.send("POST", f"{self._path}/merge_requests", body)
        return _pull(answer.read(answers.PULL))

    def update_pull(self, number: int, text: PullText) -> Pull:
        path = f"{self._path}/merge_requests/{number}"
        body = {"title": text.title, "description": text.body}
        return _pull(self.api.send("PUT", path, body).read(answers.PULL))

    def merge(self, number: int, *, head: str, title: str, message: str) -> bool:
        body: dict[str, JsonValue] = {
            "squash": True,
            "sha": head,
            "squash_commit_message": f"{title}\n\n{message}",
            "should_remove_source_branch": False,
        }
        path = f"{self._path}/merge_requests/{number}/merge"
        try:
            answer = self.api.send("PUT", path, body)
        except RefusedError as error:
            # 405 does not say why; the merge request does.
            if error.status in (405, 422):
                status = self._read_pull(number).detailed_merge_status or ""
                if status in _NOT_YET:
                    raise NotYetError(
                        f"{error.message} ({status})", status=error.status, words=status
                    ) from error
                raise RefusedError(
                    f"{error.message} ({status})", status=error.status, words=status
                ) from error
            raise
        return answer.read(answers.PULL).state == "merged"

    def close_pull(self, number: int, *, merged_as: str) -> None:
        self.api.send("PUT", f"{self._path}/merge_requests/{number}", {"state_event": "close"})

    def delete_branch(self, name: str) -> None:
        try:
            self.api.send("DELETE", f"{self._path}/repository/branches/{quote(name, safe='')}")
        except NotFoundError:
            return

    def _read_pull(self, number: int) -> answers.PullAnswer:
        return self.api.get(f"{self._path}/merge_requests/{number}").read(answers.PULL)

    # Issues.

    def issue(self, number: int) -> Issue:
        return _issue(self.api.get(f"{self._path}/issues/{number}").read(answers.ISSUE))

    def open_issues(self, label: str) -> tuple[Issue, ...]:
        found = read_all(
            self.api,
            f"{self._path}/issues",
            {"labels": label, "state": "opened", "per_page": _PAGE},
            _issues_page,
            lambda issue: issue.iid,
        )
        labelled = (_issue(issue) for issue in found if label in issue.labels)
        return tuple(sorted(labelled, key=lambda issue: issue.number))

    def close_issue(self, number: int) -> None:
        self.api.send("PUT", f"{self._path}/issues/{number}", {"state_event": "close"})

    def comments(self, number: int) -> tuple[Comment, ...]:
        found = read_all(
            self.api,
            f"{self._path}/issues/{number}/notes",
            {"per_page": _PAGE},
            _notes_page,
            lambda note: note.id,
        )
        return tuple(found)

    def add_comment(self, number: int, body: str) -> None:
        self.api.send("POST", f"{self._path}/issues/{number}/notes", {"body": body})

    @property
    def _path(self) -> str:
        return f"/projects/{quote(self.repository, safe='')}"


def _pipelines_page(answer: Answer) -> Page[answers.PipelineAnswer]:
    found = answer.read(answers.PIPELINES)
    return Page(entries=found, total=None)


def _jobs_page(answer: Answer) -> Page[answers.JobAnswer]:
    found = answer.read(answers.JOBS)
    return Page(entries=found, total=None)


def _pulls_page(answer: Answer) -> Page[answers.PullAnswer]:
    found = answer.read(answers.PULLS)
    return Page(entries=found, total=None)


def _issues_page(answer: Answer) -> Page[answers.IssueAnswer]:
    found = answer.read(answers.ISSUES)
    return Page(entries=found, total=None)


def _issue(found: answers.IssueAnswer) -> Issue:
    return Issue(
        number=found.iid,
        open=found.state == "opened",
        title=found.title,
        url=found.web_url,
        body=found.description or "",
    )


def _notes_page(answer: Answer) -> Page[Comment]:
    found = answer.read(answers.NOTES)
    return Page(entries=[Comment(id=note.id, body=note.body) for note in found], total=None)


def _pipeline_report(pipeline: answers.PipelineAnswer) -> CiReport:
    return CiReport(
        source="pipeline",
        context="pipeline",
        # One commit may have a pipeline of its branch and one of its merge request.
        group=f"{pipeline.source} {pipeline.ref}",
        number=pipeline.id,
        state=said(pipeline.status, PIPELINE_WORDS),
        word=pipeline.status,
        commit=pipeline.sha,
        since=pipeline.created_at,
    )


def _job_report(job: answers.JobAnswer) -> CiReport:
    state = said(job.status, PIPELINE_WORDS)
    if job.allow_failure and state in (CiState.RED, CiState.HELD):
        # The pipeline does not mind, so it is no objection; it is no proof either.
        state = CiState.SKIPPED
    return CiReport(
        source="status",
        context=job.name,
        group=job.ref or "",
        number=job.id,
        state=state,
        word=job.status,
        commit=job.sha,
        since=job.created_at,
    )


def _pull(found: answers.PullAnswer) -> Pull:
    states = {"merged": PullState.MERGED, "closed": PullState.CLOSED}
    merged = found.state == "merged"
    return Pull(
        number=found.iid,
        url=found.web_url,
        state=states.get(found.state, PullState.OPEN),  # opened, or locked while it is merged
        branch=found.source_branch,
        head=found.sha or "",
        base=found.target_branch,
        title=found.title,
        body=found.description or "",
        merge_commit=(found.merge_commit_sha or found.squash_commit_sha) if merged else None,
    )
