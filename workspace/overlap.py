"""Conflicts that are coming: live branches, merged with each other for trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workspace.attributes import attributes_of
from workspace.git import Git
from workspace.squash import merge_trees


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlap:
    """Another task's branch that this one would conflict with."""

    task: str  # the other task
    files: tuple[str, ...]  # repository paths


def overlaps(git: Git, base: str, head: str, others: Mapping[str, str]) -> list[Overlap]:
    """The tasks in `others` (id to head) that `head` conflicts with, in their order.

    Heads that are merged into `base` already, or are `head` itself, conflict with nothing. Each of
    the rest costs one `git merge-tree`, which writes some unreferenced objects.
    """
    found: list[Overlap] = []
    others = {
        task: other
        for task, other in others.items()
        if other != head and not git.is_ancestor(other, of=base)
    }
    if not others:
        return found
    with attributes_of(git, base) as at_base:
        for task, other in others.items():
            _, files = merge_trees(at_base, head, other)
            if files:
                found.append(Overlap(task=task, files=files))
    return found
