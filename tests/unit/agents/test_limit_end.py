"""When a limit ends, as the tools say it in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.limit_end import MINUTE, RECENT, limit_end

NOW = datetime(2026, 11, 27, 16, 38, 20, tzinfo=timezone(timedelta(hours=2)))
ATHENS = ZoneInfo("Europe/Athens")


def at(hour: int, minute: int = 0, *, month: int = 11, day: int = 27, year: int = 2026) -> datetime:
    """The end of a minute that the clocks beside `NOW` show."""
    return datetime(year, month, day, hour, minute, tzinfo=NOW.tzinfo) + MINUTE


@pytest.mark.parametrize(
    ("text", "until"),
    [
        # Within the minute that is told, and shortly after it: that one is meant.
        ("try again at 16:38", at(16, 38)),
        ("or try again at 4:38 PM.", at(16, 38)),
        ("try again at 4:15 PM.", at(16, 15)),
        # Well after it, tomorrow's is.
        ("You've hit your limit · resets 3am", at(3, day=28)),
        ("5-hour limit reached ∙ resets 3:30pm", at(15, 30, day=28)),
        ("or try again at 5:33 PM.", at(17, 33)),
        ("try again at 12:10 AM.", at(0, 10, day=28)),
        ("resets 12pm", at(12, day=28)),
        ("Your limit will reset at noon", at(12, day=28)),
        # Dates, with and without a year, before and after the time.
        ("try again at Nov 27th, 2026 4:38 PM.", at(16, 38)),
        ("try again at Nov 29th, 2026 12:00 PM.", at(12, day=29)),
        ("You've hit your Opus limit · resets Dec 6, 1pm", at(13, month=12, day=6)),
        ("resets Dec 6 at 1:30pm", at(13, 30, month=12, day=6)),
        ("resets 1pm on Dec 6", at(13, month=12, day=6)),
        ("resets 6 December, 13:00", at(13, month=12, day=6)),
        ("resets Jan 2, 9am", at(9, month=1, day=2, year=2027)),
        ("Retry-After: Fri, 27 Nov 2026 14:40:00 GMT", at(16, 39) + timedelta(seconds=1)),
        ("resets Monday, Nov 30, 9am", at(9, day=30)),
        ("resets Nov 20, 9am", at(9, day=20)),  # long over: it is asked again soon
        ("resets on Dec 1", at(0, month=12, day=1) - MINUTE),
        ("resets tomorrow at 9am", at(9, day=28)),
        ("You will regain access on 2026-12-01 at 00:00 UTC.", at(2, month=12, day=1)),
        ("Access resumes at 6pm", at(18)),
        ("Quota exceeded, retryDelay: 34s", NOW + timedelta(seconds=34)),
        ("locked out til 6pm", at(18)),
        ("resets Mon 9:00", at(9, day=30)),
        ("resets Friday 4:38pm", at(16, 38)),
        ("resets 2026-12-06 13:00", at(13, month=12, day=6)),
        # Zones.
        ("resets 6pm (Europe/Athens)", at(18)),
        ("You're out of extra usage · resets 7pm (Asia/Tokyo)", at(12, day=28)),
        ("resets Dec 6, 1pm (America/New_York)", at(20, month=12, day=6)),
        ("resets 3pm UTC", at(17)),
        ("resets 3pm (UTC)", at(17)),
        ("resets 17:00 GMT+1", at(18)),
        ("resets 5 p.m. CET", at(18)),
        ("available again at 10:00 AM EST", at(17)),
        ("resets 2026-11-27T16:00:00Z", at(18) - MINUTE + timedelta(seconds=1)),
        ("resets 2026-11-27T16:00:00.250+02:00", at(16, 0) - MINUTE + timedelta(seconds=1)),
        ("resets 3pm (Middle/Earth)", None),
        # Lengths of time.
        ("Try again in 2 hours 5 minutes.", NOW + timedelta(hours=2, minutes=6)),
        ("Try again in 2 days, 4 hours and 5 minutes.", NOW + timedelta(days=2, minutes=246)),
        ("Please try again in 11.5s.", NOW + timedelta(seconds=11.5)),
        ("Please try again in 250ms", NOW + timedelta(milliseconds=250)),
        ("Your quota will reset after 12h5m3s.", NOW + timedelta(hours=12, minutes=5, seconds=3)),
        ("try again in less than a minute", NOW + 2 * MINUTE),
        ("retry after 30 seconds", NOW + timedelta(seconds=30)),
        ("429, retry-after: 120", NOW + timedelta(seconds=120)),
        ("usage limit reached|1767225600", datetime(2026, 1, 1, tzinfo=UTC)),
        ("usage limit reached|1767225600000", datetime(2026, 1, 1, tzinfo=UTC)),
        # Nothing that could be meant.
        ("Try again later.", None),
        ("try again at 99:99 PM", None),
        ("try again at 0:30 PM", None),
        ("try again at 25:00", None),
        ("try again at Feb 31st, 2026 1:00 PM", None),
        ("try again in 999999999999 days", None),
        ("resets Jan 1, 9999 1pm, then again", datetime(9999, 1, 1, 11, 1, tzinfo=UTC)),
        ("it was 16:38 when the limit was hit", None),
    ],
)
def test_the_words_of_the_tools(text: str, until: datetime | None) -> None:
    assert limit_end(text, NOW) == until


_ZONES = st.sampled_from(
    ["UTC", "Europe/Athens", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
).map(ZoneInfo)
_MOMENTS = st.integers(1_735_689_600, 1_861_920_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


def _twelve(moment: datetime) -> str:
    return f"{moment.hour % 12 or 12}:{moment:%M%p}".lower()


_TIMES = st.sampled_from([_twelve, lambda moment: f"{moment:%H:%M}"])
_DATES = st.sampled_from(
    [
        lambda moment: f"{moment:%b} {moment.day}, ",
        lambda moment: f"{moment:%B} {moment.day}th, {moment.year} at ",
        lambda moment: f"{moment:%Y-%m-%d} ",
        lambda moment: f"{moment.day} {moment:%b} ",
    ]
)
_BEGINNINGS = st.sampled_from(["You've hit your limit · resets ", "try again at ", "resets at "])
_PLACES = st.sampled_from(["place", "now"])  # where the zone is told, or taken from


def _told(zone: ZoneInfo, place: str, now: datetime) -> tuple[str, datetime]:
    return (f" ({zone.key})", now) if place == "place" else ("", now.astimezone(zone))


@given(
    end=_MOMENTS,
    before=st.integers(-int(RECENT.total_seconds()) + 1, 23 * 3600 - 60),
    zone=_ZONES,
    place=_PLACES,
    beginning=_BEGINNINGS,
    form=_TIMES,
)
def test_a_time_of_day_is_met_within_a_minute_of_what_is_meant(
    end: datetime, before: int, zone: ZoneInfo, place: str, beginning: str, form: object
) -> None:
    told, now = _told(zone, place, end - timedelta(seconds=before))
    shown = end.astimezone(zone)
    assert callable(form)
    found = limit_end(f"{beginning}{form(shown)}{told}", now)
    assert found is not None
    said = (found - MINUTE).astimezone(zone)
    assert (said.hour, said.minute, said.second) == (shown.hour, shown.minute, 0)
    if (
        len({(end + timedelta(hours=hours)).astimezone(zone).utcoffset() for hours in (-26, 26)})
        == 1
    ):
        assert timedelta(0) < found - end <= MINUTE  # but where clocks are put back or forward


@given(
    end=_MOMENTS,
    before=st.integers(-100, 100),
    zone=_ZONES,
    beginning=_BEGINNINGS,
    form=_TIMES,
    dated=_DATES,
)
def test_a_date_is_met_whatever_the_clock_shows(
    end: datetime, before: int, zone: ZoneInfo, beginning: str, form: object, dated: object
) -> None:
    shown = end.astimezone(zone)
    assert callable(form)
    assert callable(dated)
    text = f"{beginning}{dated(shown)}{form(shown)} ({zone.key})"
    found = limit_end(text, end - timedelta(days=before))
    assert found is not None
    said = (found - MINUTE).astimezone(zone)
    assert (said.date(), said.hour, said.minute) == (shown.date(), shown.hour, shown.minute)


@given(
    days=st.integers(0, 40),
    hours=st.integers(0, 23),
    minutes=st.integers(1, 59),
    seconds=st.integers(0, 59),
    now=_MOMENTS,
)
def test_a_length_that_was_rounded_down_is_never_too_short(
    days: int, hours: int, minutes: int, seconds: int, now: datetime
) -> None:
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    found = limit_end(f"try again in {days} days {hours} hours {minutes} minutes", now)
    assert found is not None
    assert timedelta(0) < found - (now + length) <= MINUTE


@given(st.text(), _MOMENTS)
def test_nothing_that_is_said_breaks_it(text: str, now: datetime) -> None:
    for beginning in ("", "resets ", "try again at ", "try again in ", "resets Dec 6, "):
        limit_end(beginning + text, now)


@pytest.mark.parametrize("piece", ["resets ", "again at 1:", "\n", "in 1 day and ", "resets on "])
def test_a_long_message_is_read_at_once(piece: str) -> None:
    assert limit_end(piece * 400_000, NOW) == limit_end(piece * 4_000, NOW)


def test_a_limit_is_told_at_one_of_the_ends_of_a_long_message() -> None:
    filler = "a line that the tool printed\n" * 10_000
    for text in (f"resets 6pm\n{filler}", f"{filler}resets 6pm"):
        assert limit_end(text, NOW) == at(18)
