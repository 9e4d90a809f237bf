"""Finished work, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass

from mission.journal import Attempt


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """Finished work on a branch."""

    branch: str
    head: str  # the branch's commit
    base: str  # the commit of the base that it was begun on

    @classmethod
    def of(cls, attempt: Attempt) -> Work:
        """What the journal knows of an attempt whose agent has ended."""
        if attempt.branch is None or attempt.head is None or attempt.base_commit is None:
            raise RuntimeError(f"attempt {attempt.id} is {attempt.step}, but holds no work")
        return cls(branch=attempt.branch, head=attempt.head, base=attempt.base_commit)


def author_of(agent: str) -> str:
    """The author of commits that hold an agent's work."""
    return f"{agent} via mission-runner"
