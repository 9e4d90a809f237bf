"""The checks of `mission.yaml`, in two sets: what a changed plan may break, and everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from errors.finding import Finding
from mission.config.complaints import complaints
from mission.lint.bases import branches_beside_base
from mission.lint.keys import impossible_exit_codes, misplaced_keys, repeated_names
from mission.lint.matches import idle_matches, unreadable_matches
from mission.lint.names import (
    overwritten_titles,
    unknown_agents,
    unknown_agents_of_rows,
    unknown_headers,
    unknown_operations,
    unknown_tasks,
    unused_names,
)
from mission.lint.programs import unknown_placeholders
from mission.lint.subject import Subject

_Check = Callable[[Subject], Iterable[Finding]]

# What was right when the run began may be wrong for rows, headers and columns that changed since.
_OF_THE_PLAN: tuple[_Check, ...] = (
    unreadable_matches,
    unknown_agents_of_rows,
    unknown_tasks,
    unknown_headers,
    branches_beside_base,
)
_OTHERS: tuple[_Check, ...] = (
    overwritten_titles,
    unknown_agents,
    unknown_operations,
    impossible_exit_codes,
    misplaced_keys,
    repeated_names,
    unknown_placeholders,
    idle_matches,
    unused_names,
)


def lint_settings(subject: Subject) -> tuple[Finding, ...]:
    """Everything that is wrong with the settings, form and names alike. In no order."""
    found = [*complaints(subject.document)]
    for check in (*_OF_THE_PLAN, *_OTHERS):
        found.extend(check(subject))
    return tuple(found)


def lint_rules(subject: Subject) -> tuple[Finding, ...]:
    """What is wrong with the settings for the plan as it is now. In no order."""
    return tuple(finding for check in _OF_THE_PLAN for finding in check(subject))
