"""What Gitea took over from GitHub: pull requests and issues, with the same paths and names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar, Self
from urllib.parse import quote

from pydantic import BaseModel, JsonValue, TypeAdapter

from forges.answers import Answer
from forges.http import Api, Parameters
from forges.paging import Page, read_all
from forges.protocol import Issue, Pull, PullState, PullText
from workspace.process import Stop


class HookAnswer(BaseModel):
    """An entry of `GET /repos/{owner}/{repo}/hooks`."""

    id: int
    active: bool


class PullRepository(BaseModel):
    """The repository of a pull request's branch."""

    full_name: str


class PullEnd(BaseModel):
    """Head or base of a pull request."""

    ref: str
    sha: str = ""
    repo: PullRepository | None = None  # None when a fork was deleted


class PullAnswer(BaseModel):
    """A pull request, but for the field that says whether it is merged."""

    number: int
    html_url: str
    state: str
    merge_commit_sha: str | None = None  # before the merge GitHub names a trial merge here
    title: str
    body: str | None = None
    head: PullEnd
    base: PullEnd

    def as_pull(self, *, merged: bool) -> Pull:
        """In our words."""
        ended = PullState.MERGED if merged else PullState.CLOSED
        return Pull(
            number=self.number,
            url=self.html_url,
            state=PullState.OPEN if self.state == "open" else ended,
            branch=self.head.ref,
            head=self.head.sha,
            base=self.base.ref,
            title=self.title,
            body=self.body or "",
            merge_commit=self.merge_commit_sha if merged else None,
        )


class LabelAnswer(BaseModel):
    """A label of an issue."""

    name: str


class IssueAnswer(BaseModel):
    """`GET /repos/{owner}/{repo}/issues/{number}`."""

    number: int
    state: str
    title: str
    html_url: str = ""
    body: str | None = None
    labels: list[LabelAnswer] = []
    pull_request: JsonValue = None  # in lists, pull requests are issues too: there it is an object

    def as_issue(self) -> Issue:
        """In our words."""
        return Issue(
            number=self.number,
            open=self.state == "open",
            title=self.title,
            url=self.html_url,
            body=self.body or "",
        )


_ISSUE = TypeAdapter(IssueAnswer)
_ISSUES = TypeAdapter(list[IssueAnswer])


@dataclass(frozen=True, kw_only=True)
class GitHubStyle(ABC):
    """A repository behind an API in this style."""

    kind: ClassVar[str]  # for people
    whole_page: ClassVar[Parameters]  # asks for the longest page that there is
    api: Api
    repository: str  # owner/name

    @property
    def name(self) -> str:
        return f"{self.kind} {self.api.host}/{self.repository}"

    def within(self, patience: timedelta | None, stop: Stop | None = None) -> Self:
        return replace(self, api=self.api.within(patience, stop))

    @abstractmethod
    def _pull(self, answer: Answer) -> Pull:
        """The pull request that an answer holds."""

    def pull(self, number: int) -> Pull:
        return self._pull(self.api.get(f"{self._path}/pulls/{number}"))

    def open_pull(self, text: PullText) -> Pull:
        body: dict[str, JsonValue] = {
            "head": text.branch,
            "base": text.base,
            "title": text.title,
            "body": text.body,
        }
        return self._pull(self.api.send("POST", f"{self._path}/pulls", body))

    def update_pull(self, number: int, text: PullText) -> Pull:
        body: dict[str, JsonValue] = {"title": text.title, "body": text.body}
        return self._pull(self.api.send("PATCH", f"{self._path}/pulls/{number}", body))

    def close_pull(self, number: int, *, merged_as: str) -> None:
        self.api.send("PATCH", f"{self._path}/pulls/{number}", {"state": "closed"})

    def issue(self, number: int) -> Issue:
        return self.api.get(f"{self._path}/issues/{number}").read(_ISSUE).as_issue()

    def open_issues(self, label: str) -> tuple[Issue, ...]:
        # A label that does not exist is none to Gitea, which then lists every issue.
        query: Parameters = {"labels": label, "state": "open", "type": "issues", **self.whole_page}
        found = read_all(
            self.api, f"{self._path}/issues", query, _issues_page, lambda issue: issue.number
        )
        labelled = (
            issue.as_issue()
            for issue in found
            if issue.pull_request is None and label in (one.name for one in issue.labels)
        )
        return tuple(sorted(labelled, key=lambda issue: issue.number))

    def add_comment(self, number: int, body: str) -> None:
        self.api.send("POST", f"{self._path}/issues/{number}/comments", {"body": body})

    @property
    def _path(self) -> str:
        return f"/repos/{quote(self.repository)}"

    def _is_ours(self, head: PullEnd, branch: str) -> bool:
        """Whether a pull request's head is this branch here: a fork may have one of the name."""
        return (
            head.ref == branch
            and head.repo is not None
            and head.repo.full_name.casefold() == self.repository.casefold()
        )


def _issues_page(answer: Answer) -> Page[IssueAnswer]:
    found = answer.read(_ISSUES)
    return Page(entries=found, total=None)
