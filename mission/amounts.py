"""Tokens, money, time and reasons as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def count(number: int | None) -> str:
    """A number of tokens for people: `800`, `4.2K`, `1.5M`; `—` for none."""
    if number is None:
        return "—"
    for factor, unit in ((1_000_000, "M"), (1_000, "K")):
        if number >= factor:
            return f"{number / factor:.1f}".removesuffix(".0") + unit
    return str(number)


def counted(number: int, noun: str) -> str:
    """A number of things: `1 task`, `3 tasks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def money(dollars: float | None) -> str:
    """`$0.42`; small amounts with more places; `—` where no price is known."""
    if dollars is None:
        return "—"
    return f"${dollars:.2f}" if dollars >= 0.1 or dollars == 0 else f"${dollars:.4f}"


def share(ratio: float | None) -> str:
    """A part of a whole: `85%`; from ten times on `12×`; `—` for none."""
    if ratio is None:
        return "—"
    return f"{ratio:.0f}×" if ratio >= 10 else f"{ratio:.0%}"


def span(length: timedelta | None) -> str:
    """A length of time for people: `0.4s`, `12s`, `3m05s`, `2h10m`; `—` for none."""
    if length is None:
        return "—"
    seconds = length.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f}s" if seconds < 10 else f"{seconds:.0f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02}s"
    return f"{minutes // 60}h{minutes % 60:02}m"


def clock(when: datetime | None) -> str:
    """A time for people, in their own zone, to the second; `—` for none."""
    return "—" if when is None else f"{when.astimezone():%Y-%m-%d %H:%M:%S}"


def moment(when: datetime, now: datetime) -> str:
    """A time for people who look on, in their own zone, to the second; with its date where that
    is not today's."""
    when, today = when.astimezone(), now.astimezone().date()
    return f"{when:%H:%M:%S}" if when.date() == today else f"{when:%Y-%m-%d %H:%M:%S}"


def moment_anywhere(when: datetime, now: datetime) -> str:
    """As `moment`, for what is kept, and read in other zones: in UTC, and it says so."""
    when, today = when.astimezone(UTC), now.astimezone(UTC).date()
    return f"{when:%H:%M:%S} UTC" if when.date() == today else f"{when:%Y-%m-%d %H:%M:%S} UTC"


def in_one_line(text: str) -> str:
    """A reason, and the lines that a program printed after it, as one line for people."""
    reason, *lines = (" ".join(line.split()) for line in text.strip().split("\n"))
    rest = " / ".join(filter(None, lines))
    return f"{reason}: {rest}" if rest else reason
