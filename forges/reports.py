"""What CI reports about a commit, in one vocabulary for all forges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CiState(StrEnum):
    """What one report says. The order of the members is the order in which they are named."""

    RED = "red"
    CANCELLED = "cancelled"  # ended by somebody; it proves nothing
    UNKNOWN = "unknown"  # a word that this version does not know
    RUNNING = "running"
    QUEUED = "queued"
    HELD = "held"  # waits for a person: neither queued nor ended
    STALE = "stale"  # the forge gave up on it, or it is about another commit
    SKIPPED = "skipped"  # skipped or neutral: nothing was checked
    GREEN = "green"


@dataclass(frozen=True, kw_only=True, slots=True)
class CiReport:
    """One report of CI."""

    source: str  # what kind of thing reports: status, check, run, pipeline
    context: str  # its name on the forge, which `required` names
    group: str  # reports of one context and group replace each other; others do not
    number: int  # grows with each new report of a forge
    state: CiState
    word: str  # the forge's own word
    commit: str  # the commit that it is about
    since: datetime | None = None  # when it was made or began


@dataclass(frozen=True, kw_only=True, slots=True)
class BranchReading:
    """What a forge said about one branch, in one go."""

    branch: str
    commit: str | None  # its head there; None: there is no such branch
    reports: tuple[CiReport, ...]  # about that head, the newest of each
    active: tuple[CiReport, ...]  # queued or running for the branch, whatever the commit
    required: tuple[str, ...] = ()  # contexts that the forge's own protection asks for
    has_ci: bool | None = None  # False only where the forge proves that there is none


def newest(reports: Iterable[CiReport]) -> tuple[CiReport, ...]:
    """The newest report of each context, in the order in which people read them.

    Pages that repeat or reorder entries change nothing. When one report came with two states,
    because it changed between two pages, the one that is further from green counts.
    """
    best: dict[tuple[str, str, str], CiReport] = {}
    for report in reports:
        key = (report.source, report.context, report.group)
        other = best.get(key)
        if other is None or _rank(report) > _rank(other):
            best[key] = report
    return tuple(sorted(best.values(), key=lambda r: (_ORDER[r.state], r.context, r.number)))


_ORDER = {state: place for place, state in enumerate(CiState)}


def _rank(report: CiReport) -> tuple[int, int]:
    return (report.number, -_ORDER[report.state])
