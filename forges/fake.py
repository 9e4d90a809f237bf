"""A forge in memory, for tests and for trying things out. It does what real ones do, at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Self

from forges.errors import NotFoundError, RefusedError
from forges.protocol import Branch, Comment, Issue, Pull, PullState, PullText
from forges.reports import CiReport
from workspace.process import Stop

# Called with the name of a method, before it does its work and after; may raise in its place.
Fault = Callable[[str], None]


def no_fault(_method: str) -> None:
    """Everything works."""


@dataclass(kw_only=True)
class FakeForge:
    """A repository with branches, CI, pull requests and issues."""

    name: str = "fake memory/team/project"
    branches: dict[str, str] = field(default_factory=dict)  # name to commit
    required: tuple[str, ...] = ()  # contexts that every branch asks for
    ci: dict[str, list[CiReport]] = field(default_factory=dict)  # by commit
    runs: dict[str, list[CiReport]] = field(default_factory=dict)  # active ones, by branch
    without_ci: bool = False  # proven
    opened: dict[int, Pull] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    labels: dict[int, tuple[str, ...]] = field(default_factory=dict)  # by issue
    said: dict[int, list[Comment]] = field(default_factory=dict)  # by issue
    merges: list[int] = field(default_factory=list)  # numbers of pull requests, in order
    before: Fault = no_fault  # the request is lost
    after: Fault = no_fault  # the answer is lost

    def within(self, _patience: timedelta | None, _stop: Stop | None = None) -> Self:
        return self

    def branch(self, name: str) -> Branch | None:
        self.before("branch")
        commit = self.branches.get(name)
        return Branch(name=name, commit=commit, required=self.required) if commit else None

    def reports(self, commit: str) -> tuple[CiReport, ...]:
        self.before("reports")
        return tuple(self.ci.get(commit, ()))

    def active(self, branches: Collection[str]) -> Mapping[str, tuple[CiReport, ...]]:
        self.before("active")
        return {branch: tuple(self.runs.get(branch, ())) for branch in branches}

    def has_ci(self, _commit: str) -> bool | None:
        self.before("has_ci")
        return False if self.without_ci else None

    def pulls(self, branch: str, base: str) -> tuple[Pull, ...]:
        self.before("pulls")
        found = [pull for pull in self._current() if (pull.branch, pull.base) == (branch, base)]
        return tuple(reversed(found))

    def pull(self, number: int) -> Pull:
        self.before("pull")
        for pull in self._current():
            if pull.number == number:
                return pull
        raise NotFoundError(f"no pull request {number}", status=404)

    def open_pull(self, text: PullText) -> Pull:
        self.before("open_pull")
        for pull in self.opened.values():
            if pull.state is PullState.OPEN and pull.branch == text.branch:
                raise RefusedError("409", status=409, words="pull request already exists")
        number = len(self.opened) + len(self.issues) + 1
        pull = Pull(
            number=number,
            url=f"memory://pulls/{number}",
            state=PullState.OPEN,
            branch=text.branch,
            head=self.branches[text.branch],
            base=text.base,
            title=text.title,
            body=text.body,
            merge_commit=None,
        )
        self.opened[number] = pull
        self.after("open_pull")
        return pull

    def update_pull(self, number: int, text: PullText) -> Pull:
        self.before("update_pull")
        pull = replace(self.pull(number), title=text.title, body=text.body)
        self.opened[number] = pull
        self.after("update_pull")
        return pull

    def merge(self, number: int, *, head: str, title: str, message: str) -> bool:
        self.before("merge")
        pull = self.pull(number)
        if pull.state is not PullState.OPEN:
            raise RefusedError("405", status=405)
        if pull.head != head:
            raise RefusedError("409", status=409, words="head out of date")
        squash = hashlib.sha1(f"{title}{message}{head}".encode(), usedforsecurity=False).hexdigest()
        self.opened[number] = replace(pull, state=PullState.MERGED, merge_commit=squash)
        self.branches[pull.base] = squash
        self.merges.append(number)
        self.after("merge")
        return True

    def close_pull(self, number: int, *, merged_as: str) -> None:
        self.before("close_pull")
        self.opened[number] = replace(self.pull(number), state=PullState.CLOSED)
        self.after("close_pull")

    def delete_branch(self, name: str) -> None:
        self.before("delete_branch")
        self.branches.pop(name, None)
        self.after("delete_branch")

    def issue(self, number: int) -> Issue:
        self.before("issue")
        if number not in self.issues:
            raise NotFoundError(f"no issue {number}", status=404)
        return self.issues[number]

    def open_issues(self, label: str) -> tuple[Issue, ...]:
        self.before("open_issues")
        return tuple(
            issue
            for number, issue in sorted(self.issues.items())
            if issue.open and label in self.labels.get(number, ())
        )

    def close_issue(self, number: int) -> None:
        self.before("close_issue")
        self.issues[number] = replace(self.issues[number], open=False)
        self.after("close_issue")

    def comments(self, number: int) -> tuple[Comment, ...]:
        self.before("comments")
        return tuple(self.said.get(number, ()))

    def add_comment(self, number: int, body: str) -> None:
        self.before("add_comment")
        comments = self.said.setdefault(number, [])
        comments.append(Comment(id=len(comments) + 1, body=body))
        self.after("add_comment")

    def _current(self) -> list[Pull]:
        """Pull requests; an open one has the head that its branch has now."""
        return [
            replace(pull, head=self.branches.get(pull.branch, pull.head))
            if pull.state is PullState.OPEN
            else pull
            for pull in self.opened.values()
        ]
