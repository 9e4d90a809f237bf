"""The boundary to a forge: what the queue guard reads, what the merge queue asks for.

Each method is one question or one change, a few requests at most, and tries once. Who tries again,
and what a lost answer means, is decided in one place for all forges: `forges.pulls`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol, Self

from forges.reports import CiReport
from workspace.process import Stop


class PullState(StrEnum):
    """Where a pull request is in its life."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"  # without a merge


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """A branch on the forge."""

    name: str
    commit: str
    protected: bool = False
    required: tuple[str, ...] = ()  # contexts that its protection asks for


@dataclass(frozen=True, kw_only=True, slots=True)
class Pull:
    """A pull request, or a merge request on GitLab."""

    number: int
    url: str  # where people read it
    state: PullState
    branch: str  # the one that is merged, in the same repository
    head: str  # its commit
    base: str
    title: str
    body: str
    merge_commit: str | None  # the commit on the base; only when it is merged


@dataclass(frozen=True, kw_only=True, slots=True)
class PullText:
    """What a pull request is to say."""

    branch: str
    base: str
    title: str
    body: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """An issue."""

    number: int
    open: bool
    title: str
    url: str
    body: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comment:
    """A comment on an issue."""

    id: int
    body: str


class Forge(Protocol):
    """A repository on a forge.

    Every method raises a `ForgeError` when it has no whole, readable answer that says yes.
    """

    @property
    def name(self) -> str:
        """The kind, and the repository: `gitea git.example.org/team/project`."""

    def within(self, patience: timedelta | None, stop: Stop | None = None) -> Self:
        """The same forge, for a caller with that much time left, who may be told to stop."""

    def branch(self, name: str) -> Branch | None:
        """A branch; None when there is none of that name, or no such repository to be seen."""

    def reports(self, commit: str) -> tuple[CiReport, ...]:
        """Everything that CI says about a commit."""

    def active(self, branches: Collection[str]) -> Mapping[str, tuple[CiReport, ...]]:
        """What is queued or running for each branch, whatever the commit. May be nothing on forges
        that know runs by commit only."""

    def has_ci(self, commit: str) -> bool | None:
        """False only when the forge proves that nothing will report on this commit. None: it
        cannot tell."""

    def pulls(self, branch: str, base: str) -> tuple[Pull, ...]:
        """Pull requests of a branch of this repository, newest first, ended ones included."""

    def pull(self, number: int) -> Pull:
        """One pull request."""

    def open_pull(self, text: PullText) -> Pull:
        """Open a pull request."""

    def update_pull(self, number: int, text: PullText) -> Pull:
        """Change title and body."""

    def merge(self, number: int, *, head: str, title: str, message: str) -> bool:
        """Ask for the squash merge of exactly `head`. True: merged. False: only scheduled.

        Raises:
            NotYetError: The forge asks to try again.
            RefusedError: It will not.
        """

    def close_pull(self, number: int, *, merged_as: str) -> None:
        """End a pull request whose work is on the base as the commit `merged_as`, put there by a
        push: as merged where the forge lets people say so, else as closed."""

    def delete_branch(self, name: str) -> None:
        """Delete a branch. Fine when it is gone already."""

    def issue(self, number: int) -> Issue:
        """One issue."""

    def open_issues(self, label: str) -> tuple[Issue, ...]:
        """Open issues that have this label, pull requests apart, the oldest first."""

    def close_issue(self, number: int) -> None:
        """Close an issue as completed. Fine when it is closed already."""

    def comments(self, number: int) -> tuple[Comment, ...]:
        """All comments on an issue."""

    def add_comment(self, number: int, body: str) -> None:
        """Comment on an issue."""
