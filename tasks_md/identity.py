"""What to call a milestone when its heading does not say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tasks_md.sections import Section

_NUMBERED_ID = re.compile(r"(.+?)[-_.]?\d{1,15}[a-z]?")


def milestone_id(section: Section, task_ids: Sequence[str], taken: Iterable[str]) -> str:
    """The id in the heading, else what the rows' ids share, else M and the number, else a slug.

    An id that an earlier milestone has gets a number behind it.
    """
    name = (
        section.declared_id
        or _common_prefix(task_ids)
        or (f"M{section.number}" if section.number else "")
        or re.sub(r"[^\w]+", "-", section.title.casefold()).strip("-")[:40]
        or "tasks"
    )
    unique, number = name, 2
    others = set(taken)
    while unique in others:
        unique = f"{name}-{number}"
        number += 1
    return unique


def _common_prefix(task_ids: Sequence[str]) -> str:
    """`FED-M1` for FED-M1-01, FED-M1-02; empty where the ids share no such part."""
    prefixes = set()
    for task_id in task_ids:
        found = _NUMBERED_ID.fullmatch(task_id) if len(task_id) < 100 else None
        prefixes.add(found.group(1) if found else "")
    return prefixes.pop() if len(prefixes) == 1 else ""


def common_issue(issues: Iterable[str | None]) -> str | None:
    """The issue that all rows name which name one."""
    named = {issue for issue in issues if issue}
    return named.pop() if len(named) == 1 else None
