"""Pull requests and issues as GitHub has them, and Gitea after it: the same paths and names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.forge.api import Ask, Handler, Json, Reply
from tests.forge.model import ForgeIssue, ForgePull, RefusalError

REPO = r"/repos/[^/]+/[^/]+"


@dataclass(frozen=True, kw_only=True)
class PullsAndIssues:
    """The routes that the two share, and what they answer differently."""

    show_pull: Callable[[Ask, ForgePull], Json]
    listing: Callable[[Ask, list[Json]], Reply]  # a page of a list
    paged_comments: bool
    closes: Mapping[str, str]  # what a request to close an issue says
    changed: int  # the status of an answer to a change

    def routes(self) -> Sequence[tuple[str, str, Handler]]:
        """Of single pull requests, and of issues."""
        return [
            ("GET", REPO + r"/pulls/(\d+)", self._pull),
            ("PATCH", REPO + r"/pulls/(\d+)", self._edit_pull),
            ("GET", REPO + "/issues", self._issues),
            ("GET", REPO + r"/issues/(\d+)", self._issue),
            ("PATCH", REPO + r"/issues/(\d+)", self._edit_issue),
            ("GET", REPO + r"/issues/(\d+)/comments", self._comments),
            ("POST", REPO + r"/issues/(\d+)/comments", self._comment),
        ]

    def opened(self, ask: Ask) -> Reply:
        """The answer to the wish for a pull request."""
        body = ask.body
        pull = ask.model.open_pull(
            branch=body["head"], base=body["base"], title=body["title"], body=body["body"]
        )
        return Reply(status=201, body=self.show_pull(ask, pull))

    def _pull(self, ask: Ask, number: str) -> Reply:
        return Reply(body=self.show_pull(ask, ask.model.pull(int(number))))

    def _edit_pull(self, ask: Ask, number: str) -> Reply:
        pull = ask.model.edit_pull(
            int(number),
            title=ask.body.get("title"),
            body=ask.body.get("body"),
            close=ask.body.get("state") == "closed",
        )
        return Reply(status=self.changed, body=self.show_pull(ask, pull))

    def _issues(self, ask: Ask) -> Reply:
        """As both do: pull requests are among them unless `type` is heeded, as only Gitea does. A
        label that no issue has counts as none on Gitea."""
        model, label = ask.model, ask.first("labels", "")
        there = any(label in issue.labels for issue in model.issues.values())
        asked = {label} if there or self.paged_comments else set()
        entries = [
            _issue(issue)
            for issue in reversed(model.issues.values())
            if issue.state == ask.first("state", "open") and asked <= set(issue.labels)
        ]
        if self.paged_comments:
            labels: list[Json] = [{"name": label}]
            entries += [
                {"number": pull.number, "state": pull.state, "title": pull.title,
                 "labels": labels, "pull_request": {"url": "x"}}
                for pull in model.pulls.values()
            ]  # fmt: skip
        return self.listing(ask, entries)

    def _issue(self, ask: Ask, number: str) -> Reply:
        return Reply(body=_issue(ask.model.issue(int(number))))

    def _edit_issue(self, ask: Ask, number: str) -> Reply:
        if ask.body != self.closes:
            raise RefusalError(422, f"only {self.closes} is known here")
        return Reply(status=self.changed, body=_issue(ask.model.close_issue(int(number))))

    def _comments(self, ask: Ask, number: str) -> Reply:
        comments = ask.model.issue(int(number)).comments
        entries: list[Json] = [{"id": id_, "body": body} for id_, body in comments]
        return self.listing(ask, entries) if self.paged_comments else Reply(body=entries)

    def _comment(self, ask: Ask, number: str) -> Reply:
        id_, body = ask.model.comment(int(number), ask.body["body"])
        return Reply(status=201, body={"id": id_, "body": body})


def _issue(issue: ForgeIssue) -> Json:
    labels: list[Json] = [{"name": name} for name in issue.labels]
    return {
        "number": issue.number,
        "state": issue.state,
        "title": issue.title,
        "html_url": "x",
        "body": issue.body,
        "labels": labels,
    }
