"""When a limit ends, as the tools say it in words: a time of day, a date, a length of time.

Pure: the clock is given. Understood are, after a word such as `resets` or `try again`:

    resets 3pm (Europe/Athens)          resets Oct 6, 1pm           resets at 16:38
    try again at Nov 27th, 2026 4:38 PM try again at 4:38 PM        resets tomorrow at 9am
    try again in 2 hours 5 minutes      retry after 30 seconds      resets Mon 9:00 UTC
    resets 2026-10-06T13:00:00Z         retry-after: Fri, 27 Nov 2026 16:38:30 GMT
    …|1767225600, seconds since 1970

Members of a provider's answer that was passed on as it came (`resets_at`, `resets_in_seconds`) are
exact, and count before any words.

A time that is told to the minute may mean any second of it: the limit has surely ended when the
minute has, and that is what is returned. The same holds for lengths of time in minutes or more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from agents.outcomes import ends

#: A time of day that has passed for no longer than this is the one that was meant; tomorrow's is
#: meant after that. Who is wrong about it for the day before asks once too often, and who is wrong
#: for the day after waits a day too long.
RECENT = timedelta(minutes=30)

MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Hours from UTC of the short names that need no place to be understood.
_ZONES = dict.fromkeys(("utc", "gmt", "z"), 0) | {
    "cet": 1,
    "cest": 2,
    "eet": 2,
    "eest": 3,
    "jst": 9,
}
_ZONES |= {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}

_STAMP = re.compile(r"(?:\||\bresets_?at\W{1,3})(\d{10})(?:\d{3})?\b", re.IGNORECASE)
_COUNTED = re.compile(r"\bresets_?in_?seconds\W{1,3}(\d{1,9})\b", re.IGNORECASE)
# Where what follows says when. Every space is a single one by then, and every pattern is bounded.
_CUE = re.compile(
    r"\b(?:again|resets?|resetting|retry-?after|retry-?delay|retry"
    r"|renews?|resumes?|regain access|until|till?|available|wait)\b"
    r"(?: again)?:? ?(?:(?:on|at|by|in|after|about|around|approximately|~):? ?){0,3}",
    re.IGNORECASE,
)
_NUMBER = r"(?:\d{1,12}(?:\.\d{1,9})? ?|\b(?:an?|one) )"
_UNIT = r"(?:ms|milliseconds?|[smhdw]|secs?|seconds?|mins?|minutes?|hrs?|hours?|days?|weeks?)"
_PART = rf"{_NUMBER}{_UNIT}(?![a-z])"
_SPAN = re.compile(rf"(?:less than )?{_PART}(?:(?:,? and |, ?| )?{_PART}){{0,5}}", re.IGNORECASE)
_PARTS = re.compile(rf"({_NUMBER})(ms|mil|[smhdw])[a-z]*", re.IGNORECASE)
_BARE_SECONDS = re.compile(
    r"(\d{1,9})(?=[.;,)]?(?: |$))(?! ?(?:[ap]\.?m|[a-z]{3,9} \d))", re.IGNORECASE
)
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "mil": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": MINUTE,
    "h": timedelta(hours=1),
    "d": _DAY,
    "w": timedelta(weeks=1),
}

_TIME = (
    r"(?:(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?(?::(?P<second>\d{2}))? ?(?P<half>[ap])\.?m\b\.?"
    r"|(?P<hour24>\d{1,2}):(?P<minute24>\d{2})(?::(?P<second24>\d{2})(?:\.\d{1,9})?)?(?!\d)"
    r"|(?P<word>noon|midnight)\b)"
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_DATE = (
    # Before a date its weekday says nothing new, as in HTTP's `Fri, 27 Nov 2026 16:38:30 GMT`.
    r"(?:(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? )?"
    r"(?:(?P<iso>\d{4}-\d{2}-\d{2})"
    rf"|(?P<month>{_MONTH}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|:)(?:,? (?P<year>\d{{4}}))?"
    rf"|(?P<day2>\d{{1,2}})(?:st|nd|rd|th)? (?P<month2>{_MONTH})(?:,? (?P<year2>\d{{4}}))?)"
    r"|(?P<near>today|tomorrow)"
    r"|(?P<weekday>mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6})"
)
_ZONE = (
    r"(?: ?\((?P<zone>[^()]{1,40})\)"
    r"| ?(?P<place>[a-z]{2,20}(?:/[a-z_+\-0-9]{1,30}){1,2})"
    r"| ?(?P<offset>(?:utc|gmt)?[+-]\d{1,2}(?::?\d{2})?)(?!\d)"
    rf"| ?(?P<short>{'|'.join(_ZONES)})\b)?"
)
_OFFSET = re.compile(r"(?:utc|gmt)?([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?:{_DATE},?(?: at |T| )?)?{_TIME}{_ZONE}",
        rf"{_DATE}{_ZONE}",
    )
)
_THEN_DATE = re.compile(rf",? (?:on )?{_DATE}{_ZONE}", re.IGNORECASE)


def limit_end(text: str, now: datetime) -> datetime | None:
    """When the limit that a message is about has surely ended; None if it does not say.

    Args:
        now: The moment of the message; aware. Times without a zone are in its zone.

    Returns:
        An aware moment. It may have passed already: the message may be about a limit that ended
        while the tool was busy with it.
    """
    try:
        return _limit_end(" ".join(ends(text).split()), now)
    except (ValueError, OverflowError):  # a 31st of February, a year 10000
        return None


def _limit_end(text: str, now: datetime) -> datetime | None:
    stamp = _STAMP.search(text)
    if stamp:
        return datetime.fromtimestamp(int(stamp[1]), UTC)
    counted = _COUNTED.search(text)
    if counted:
        return now + timedelta(seconds=int(counted[1]))
    for cue in _CUE.finditer(text):
        rest = text[cue.end() : cue.end() + 120]
        for form in _FORMS:
            found = form.match(rest)
            if found:
                return _moment(_Words(found, _THEN_DATE.match(rest, found.end())), now)
        span = _SPAN.match(rest)
        if span:
            return _after(span[0], now)
        seconds = _BARE_SECONDS.match(rest) if "after" in cue[0].lower() else None
        if seconds:  # as the HTTP header has it
            return now + timedelta(seconds=int(seconds[1]))
    return None


def _after(span: str, now: datetime) -> datetime:
    """`now` and a length of time, whose last unit may have been rounded down."""
    length, finest = timedelta(0), timedelta.max
    for number, name in _PARTS.findall(span):
        unit = _UNITS[name.lower()]
        length += (float(number) if number[0].isdigit() else 1) * unit
        finest = min(finest, unit)
    return now + length + (MINUTE if finest >= MINUTE else timedelta(0))


class _Words:
    """The parts of a moment as they were found: a date may stand before its time or after it."""

    def __init__(self, first: re.Match[str], then: re.Match[str] | None) -> None:
        self._parts = {name: part for name, part in first.groupdict().items() if part}
        if then is not None and not self.has("iso", "month", "month2", "near", "weekday"):
            self._parts |= {name: part for name, part in then.groupdict().items() if part}

    def has(self, *names: str) -> bool:
        return any(name in self._parts for name in names)

    def get(self, *names: str) -> str:
        """The first of these that was told; empty if none was."""
        return next((self._parts[name] for name in names if name in self._parts), "")


def _moment(words: _Words, now: datetime) -> datetime | None:
    zone = _zone(words, now)
    if zone is None:  # a place that nobody here knows: better to ask now and then
        return None
    of_day = _time(words)
    told = of_day or time()
    here = now.astimezone(zone)
    moments = sorted(
        moment for day in _days(words, here.date()) for moment in _instants(day, told, zone)
    )
    if words.get("iso", "month", "month2", "near"):  # a date: of several years the nearest
        chosen = min(moments, key=lambda moment: abs(moment - now))
    else:
        chosen = next(one for one in moments if one + MINUTE + RECENT > now)
    if of_day is None:
        return chosen
    return chosen + (timedelta(seconds=1) if words.has("second", "second24") else MINUTE)


def _time(words: _Words) -> time | None:
    """The time of day, without a zone; None where only a date is told."""
    if words.has("word"):
        return time(12 if words.get("word").lower() == "noon" else 0)
    if not words.has("hour", "hour24"):
        return None
    hour = int(words.get("hour", "hour24"))
    if words.has("half"):
        if not 1 <= hour <= 12:
            raise ValueError(f"{hour} is no hour of a half day")
        hour = hour % 12 + (12 if words.get("half").lower() == "p" else 0)
    minute, second = words.get("minute", "minute24"), words.get("second", "second24")
    return time(hour, int(minute or 0), int(second or 0))


def _days(words: _Words, today: date) -> Iterator[date]:
    """The days that may be meant."""
    if words.has("iso"):
        yield date.fromisoformat(words.get("iso"))
    elif words.has("month", "month2"):
        month = _MONTHS.index(words.get("month", "month2")[:3].lower()) + 1
        day, year = int(words.get("day", "day2")), words.get("year", "year2")
        years: Iterable[int] = [int(year)] if year else range(today.year - 1, today.year + 2)
        yield from _valid(years, month, day)
    elif words.has("near"):
        yield today + (_DAY if words.get("near").lower() == "tomorrow" else timedelta(0))
    else:
        for distance in range(-1, 9):
            day_of = today + distance * _DAY
            if (
                not words.has("weekday")
                or _WEEKDAYS[day_of.weekday()] == words.get("weekday").lower()
            ):
                yield day_of


def _valid(years: Iterable[int], month: int, day: int) -> list[date]:
    """The date in each of these years that has it.

    Raises:
        ValueError: None has.
    """
    found = []
    for year in years:
        try:
            found.append(date(year, month, day))
        except ValueError:  # the 29th of February
            continue
    if not found:
        raise ValueError(f"no year has a day {day} in month {month}")
    return found


def _instants(day: date, told: time, zone: tzinfo) -> Iterator[datetime]:
    """The moments at which clocks in the zone show this: two where they are put back."""
    for fold in (0, 1):
        yield datetime.combine(day, told.replace(fold=fold), zone).astimezone(UTC)


def _zone(words: _Words, now: datetime) -> tzinfo | None:
    """The zone that is told; that of `now` where none is; None where it cannot be understood."""
    name = words.get("zone", "place", "offset", "short").replace(" ", "_")
    if not name:
        return now.tzinfo
    if name.lower() in _ZONES:
        return timezone(timedelta(hours=_ZONES[name.lower()]))
    offset = _OFFSET.fullmatch(name)
    if offset:
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return timezone(-ahead if offset[1] == "-" else ahead)
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # no such place, or no name that a file could have
        return None
