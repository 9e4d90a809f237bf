"""A message in words. Pure.

What comes from cells, agents and tools is text of others: one line, bounded, without controls, and
without what messengers would take for a call of everybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mission.amounts import counted
from mission.notices import Notice, NoticeKind

_LONGEST_TITLE: Final = 120  # characters
_LONGEST_REASON: Final = 400
_LONGEST_DIGEST: Final = 6_000
_SHOWN: Final = 20  # notices in a text; programs get all
_LABELS: Final[Mapping[str, str]] = {
    NoticeKind.NEEDS_YOU: "Needs you",
    NoticeKind.FAILED: "Failed",
    NoticeKind.BLOCKED: "Blocked",
    NoticeKind.GATE: "Gate",
    NoticeKind.BUDGET: "Budget",
    NoticeKind.MILESTONE: "Done",
    NoticeKind.ENDED: "Run ended",
    NoticeKind.DIED: "Run died",
    NoticeKind.SLIPPED: "Forecast",
    NoticeKind.DIGEST: "Digest",
    "test": "Test",
}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
#: How messengers write a call, of everybody (`@here`, `<!channel>`) or of one (`<@ID>`, `<#ID>`,
#: `<@&ROLE>`).
_CALLS = re.compile(r"<(?=[@!#])|@(?=[\w&!])")

Page = Callable[[str | None], str]  # the address of a row's page, or of the mission's; empty: none


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """A message as people read it."""

    title: str  # one line, which begins with a word of ours
    text: str  # several lines
    page: str  # the address of what it is about; empty: there is none


def words(its: Sequence[Notice], mission: str, page: Page) -> Words:
    """The message that these notices make."""
    name = plain(mission, 60) or "mission"
    if len(its) == 1:
        one = its[0]
        title = f"{_label(one)}: {plain(one.title, _LONGEST_TITLE)} ({name})"
        return Words(title=title, text=_entry(one, page, alone=True), page=page(one.task))
    kinds = dict.fromkeys(_label(one) for one in its)
    numbers = ", ".join(f"{sum(_label(one) == kind for one in its)} {kind}" for kind in kinds)
    shown = [_entry(one, page, alone=False) for one in its[:_SHOWN]]
    if len(its) > _SHOWN:
        shown.append(f"... and {len(its) - _SHOWN} more: mission status")
    return Words(
        title=f"{counted(len(its), 'change')} of {name}: {numbers}",
        text="\n\n".join(shown),
        page=page(None),
    )


def plain(text: str, most: int) -> str:
    """A text of others as one line of at most `most` characters that calls nobody."""
    line = " ".join(_CONTROLS.sub(" ", text).split())
    line = line if len(line) <= most else f"{line[: most - 2].rstrip()} …"
    return _CALLS.sub("\\g<0>\u200b", line)


def _label(one: Notice) -> str:
    return _LABELS.get(one.kind, "Notice")


def _entry(one: Notice, page: Page, *, alone: bool) -> str:
    """A notice: what, why, what to type, where to look."""
    lines = [] if alone else [f"{_label(one)}: {plain(one.title, _LONGEST_TITLE)}"]
    if one.kind == NoticeKind.DIGEST:  # ours, of many lines
        text = one.reason[:_LONGEST_DIGEST]
        lines += [plain(line, _LONGEST_REASON) for line in text.split("\n")]
    elif one.reason:
        lines.append(plain(one.reason, _LONGEST_REASON))
    if one.command:
        lines.append(f"Type: {plain(one.command, _LONGEST_TITLE)}")
    if address := page(one.task):
        lines.append(address)
    return "\n".join(lines or [plain(one.title, _LONGEST_TITLE)])
