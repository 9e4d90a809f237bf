"""Whether git can have the rows' branches beside the branch that they are merged into."""

from __future__ import annotations

from collections.abc import Iterator

from errors.finding import Finding
from mission.config.model import MissionConfig
from mission.lint.subject import Subject
from tasks_md.branches import lint_beside_base

_DEFAULTS = MissionConfig()


def base_of(subject: Subject) -> str:
    """The branch that work is merged into, as the settings have it."""
    return subject.text("base") or _DEFAULTS.base


def branches_beside_base(subject: Subject) -> Iterator[Finding]:
    """Rows whose branch is the base, or that git cannot have beside it."""
    yield from lint_beside_base(subject.plan, base_of(subject))
