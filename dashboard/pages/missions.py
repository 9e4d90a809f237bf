"""All missions at a glance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dashboard.missions import Shown
from dashboard.pages.milestones import MilestoneLine, milestone_lines
from dashboard.pages.page import Head, head_of
from dashboard.states import grouped, states_of
from errors import MissionError


@dataclass(frozen=True, kw_only=True, slots=True)
class MissionLine:
    """One mission."""

    key: str
    folder: str
    head: Head | None  # None: it cannot be read
    error: str  # why not
    bar: dict[str, int]  # rows by group
    milestones: tuple[MilestoneLine, ...]
    spent_tokens: int
    estimate_tokens: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MissionsPage:
    """The page."""

    missions: tuple[MissionLine, ...]


def missions_page(shown: Iterable[Shown]) -> MissionsPage:
    """Put it together. A mission that cannot be read says so in its line."""
    return MissionsPage(missions=tuple(_line(one) for one in shown))


def _line(shown: Shown) -> MissionLine:
    try:
        standing = shown.current()
    except MissionError as error:
        return MissionLine(
            key=shown.key, folder=shown.folder, head=None, error=error.message, bar={},
            milestones=(), spent_tokens=0, estimate_tokens=0,
        )  # fmt: skip
    states = states_of(standing)
    views = standing.overview.milestones
    return MissionLine(
        key=shown.key,
        folder=shown.folder,
        head=head_of(shown, standing),
        error="",
        bar=grouped(states.values()),
        milestones=milestone_lines(standing, states),
        spent_tokens=sum(view.spent_tokens for view in views),
        estimate_tokens=sum(view.estimate_tokens or 0 for view in views),
    )
