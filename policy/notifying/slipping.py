"""Whether the forecast of the finish has become so much later that people are told. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from mission.amounts import span
from mission.notices import Notice, NoticeKind


def is_expected_anew(expected: datetime | None, now_expected: datetime, by: timedelta) -> bool:
    """Whether what was expected is to be noted anew: it never was, or differs by that much."""
    return expected is None or abs(now_expected - expected) >= by


def slipped(expected: datetime | None, now_expected: datetime, by: timedelta) -> Notice | None:
    """That it slipped; None where it did not by that much.

    Args:
        expected: What was noted last; None: nothing was.
        now_expected: What is expected now: four of five plays of the forecast are done by then.
    """
    if expected is None or now_expected - expected < by:
        return None
    return Notice(
        kind=NoticeKind.SLIPPED,
        key=f"{NoticeKind.SLIPPED}:{expected.isoformat(timespec='seconds')}",
        title=f"The finish is expected {span(now_expected - expected)} later",
        reason=f"p80 is {_shown(now_expected)} now; it was {_shown(expected)}",
        command="mission forecast",
    )


def _shown(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"
