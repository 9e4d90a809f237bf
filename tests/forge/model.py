"""What the test forge holds: a bare repository, pull requests, issues."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.forge.ci import ScriptedCi

ZERO = "0" * 40


@dataclass
class ForgePull:
    """A pull request. While it is open its head is that of its branch."""

    number: int
    branch: str
    base: str
    title: str
    body: str
    head: str
    state: str = "open"  # open, closed
    merged: bool = False
    merge_commit: str | None = None
    looks_until_mergeable: int = 0  # so often a merge is asked for before it is possible


@dataclass
class ForgeIssue:
    """An issue and its comments."""

    number: int
    title: str
    state: str = "open"
    comments: list[tuple[int, str]] = field(default_factory=list)
    closings: int = 0
    body: str = ""
    labels: tuple[str, ...] = ()


@dataclass
class RefusalError(Exception):
    """The answer is no."""

    status: int
    message: str


@dataclass
class ForgeModel:
    """One repository on a forge. All of it under one lock, as a database would have it."""

    path: Path  # of the bare repository
    name: str = "team/project"
    ci: ScriptedCi = field(default_factory=ScriptedCi)
    pulls: dict[int, ForgePull] = field(default_factory=dict)
    issues: dict[int, ForgeIssue] = field(default_factory=dict)
    required: tuple[str, ...] = ()  # contexts that the protection of the base asks for
    has_ci: bool = True
    merges: list[int] = field(default_factory=list)
    manual_merges: bool = False  # people may say that a pull request was merged by other means
    before_merge: Callable[[], None] = lambda: None  # somebody who is quicker than the forge
    schedules_merges: bool = False  # a merge is only scheduled, as with auto-merge
    mergeable_after: int = 0  # of new pull requests, see ForgePull
    lock: threading.RLock = field(default_factory=threading.RLock)
    _numbers: count[int] = field(default_factory=lambda: count(471))
    _comments: count[int] = field(default_factory=lambda: count(1))

    @classmethod
    def create(cls, folder: Path, name: str = "team/project") -> ForgeModel:
        """A forge with the repository that is there, or an empty one."""
        path = folder / f"{name}.git"
        model = cls(path=path, name=name)
        if path.exists():
            return model
        path.parent.mkdir(parents=True)
        git(folder, "init", "-q", "--bare", "-b", "main", str(path))
        # Over HTTP, only with a token: the server checks that before git sees the request.
        model.git("config", "http.receivepack", "true")
        return model

    def git(self, *args: str, data: str = "") -> str:
        return git(self.path, *args, data=data)

    def heads(self) -> dict[str, str]:
        """Branches and their commits."""
        listed = self.git(
            "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads"
        )
        return dict(line.rsplit(" ", 1) for line in listed.splitlines())

    def noticed(self, before: dict[str, str]) -> None:
        """Somebody pushed: pull requests move along and CI starts."""
        for branch, commit in self.heads().items():
            if before.get(branch) == commit:
                continue
            for pull in self.pulls.values():
                if pull.state == "open" and pull.branch == branch:
                    pull.head = commit
            self.ci.pushed(branch, commit)

    def add_issue(self, number: int, title: str = "an issue") -> ForgeIssue:
        self.issues[number] = ForgeIssue(number=number, title=title)
        return self.issues[number]

    def issue(self, number: int) -> ForgeIssue:
        if number not in self.issues:
            raise RefusalError(404, "not found")
        return self.issues[number]

    def close_issue(self, number: int) -> ForgeIssue:
        issue = self.issue(number)
        issue.closings += issue.state == "open"
        issue.state = "closed"
        return issue

    def comment(self, number: int, body: str) -> tuple[int, str]:
        comment = (next(self._comments), body)
        self.issue(number).comments.append(comment)
        return comment

    def open_pull(self, *, branch: str, base: str, title: str, body: str) -> ForgePull:
        heads = self.heads()
        if branch not in heads or base not in heads:
            raise RefusalError(404, "branch not found")
        for pull in self.pulls.values():
            if pull.state == "open" and (pull.branch, pull.base) == (branch, base):
                raise RefusalError(409, "pull request already exists for these targets")
        pull = ForgePull(
            number=next(self._numbers),
            branch=branch,
            base=base,
            title=title,
            body=body,
            head=heads[branch],
            looks_until_mergeable=self.mergeable_after,
        )
        self.pulls[pull.number] = pull
        return pull

    def pull(self, number: int) -> ForgePull:
        if number not in self.pulls:
            raise RefusalError(404, "not found")
        return self.pulls[number]

    def edit_pull(
        self, number: int, *, title: str | None, body: str | None, close: bool
    ) -> ForgePull:
        pull = self.pull(number)
        pull.title = pull.title if title is None else title
        pull.body = pull.body if body is None else body
        if close:
            pull.state = "closed"
        return pull

    def merged_by_hand(self, number: int, commit: str) -> None:
        """Somebody says that a commit of the base is the merge of a pull request."""
        pull = self.pull(number)
        if not self.manual_merges:
            raise RefusalError(405, "manually-merged is not allowed for this repository")
        if commit not in self.git("rev-list", pull.base).splitlines():
            raise RefusalError(409, "Wrong commit ID")
        pull.state, pull.merged, pull.merge_commit = "closed", True, commit

    def merge(self, number: int, *, head: str, message: str) -> bool:
        """Squash-merge. False: only scheduled."""
        pull = self.pull(number)
        if pull.state != "open":
            raise RefusalError(405, "")
        if pull.looks_until_mergeable:
            pull.looks_until_mergeable -= 1
            raise RefusalError(405, "Please try again later")
        if head != pull.head:
            raise RefusalError(409, "head out of date")
        if self.schedules_merges:
            return False
        self.before_merge()
        before = self.heads()
        base = before[pull.base]
        try:
            tree = self.git("merge-tree", "--write-tree", base, head).splitlines()[0]
        except subprocess.CalledProcessError as error:
            raise RefusalError(409, "merge conflict") from error
        squash = self.git("commit-tree", tree, "-p", base, "-m", message)
        self.git("update-ref", f"refs/heads/{pull.base}", squash, base)
        pull.state, pull.merged, pull.merge_commit = "closed", True, squash
        self.merges.append(number)
        self.noticed(before)
        return True

    def delete_branch(self, name: str) -> None:
        if name not in self.heads():
            raise RefusalError(404, "branch not found")
        self.git("update-ref", "-d", f"refs/heads/{name}")
        for pull in self.pulls.values():
            if pull.branch == name:
                pull.state = "closed"


def git(folder: Path, *args: str, data: str = "") -> str:
    """Run git as the forge's own user."""
    done = subprocess.run(
        ["git", *args],
        cwd=folder,
        input=data,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GIT_AUTHOR_NAME": "Forge",
            "GIT_AUTHOR_EMAIL": "forge@example.org",
            "GIT_COMMITTER_NAME": "Forge",
            "GIT_COMMITTER_EMAIL": "forge@example.org",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
